import { execFileSync } from 'node:child_process';

/** Builds dist/ before the tests, so that end-to-end tests drive what users run. */
export default function setup(): void {
  if (process.env['KDPIPE_TEST_NO_BUILD']) return;
  execFileSync('npx', ['tsx', '.config/build.ts'], { stdio: 'inherit' });
}
