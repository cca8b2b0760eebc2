/** Fails where a package that users get has a known advisory; says loudly where no source of advisories can be reached. */
import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { advisoriesIn, shippedPackages } from './advisories.ts';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Parameters<typeof shippedPackages>[0];
const { stdout, stderr } = await execa('npm', ['audit', '--json'], { reject: false, timeout: 60_000 });
const found = advisoriesIn(stdout, shippedPackages(lock));
if (!found)
  console.error(`NOT CHECKED: no source of advisories answered.\n${stderr.split('\n').slice(0, 3).join('\n')}`);
else if (found.length > 0) {
  console.error(`packages with known advisories:\n${found.join('\n')}`);
  process.exitCode = 1;
}
