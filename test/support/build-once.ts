import { execFileSync } from 'node:child_process';

/** Builds dist/ before the medium and large tests, once for both, so that end-to-end tests drive what users run. */
export default function setup(): void {
  if (process.env['KDPIPE_TEST_NO_BUILD']) return;
  process.env['KDPIPE_TEST_NO_BUILD'] = '1';
  execFileSync('npx', ['tsx', '.config/build.ts'], { stdio: 'inherit' });
}
