#!/usr/bin/env bash
# oxlint-tsgolint 7.0.2008 reports an async callback of Promise.prototype.finally, which typescript-eslint 8.73.0 lets pass by the same rule.
#
# `finally` waits for what its callback returns, so that `work().finally(async () => { await close(); })` loses no promise. TypeScript's
# library types the callback `() => void` nevertheless. typescript-eslint's no-misused-promises knows of the method; the rule of that name in
# oxlint, its port in Go, goes by the type. Whoever moves from one to the other gets findings in sound code: `try … finally` has none.
#
# Seen: both report line 4, where forEach gets an async callback; oxlint reports line 3, the `finally`, too:
#   typescript-eslint: 4
#   oxlint: 3 4
#
# Exits 0 while it is so. Needs Node 20.19 and 60 MB from npm, in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > package.json <<'JSON'
{ "type": "module", "private": true }
JSON
npm install --silent --no-audit --no-fund \
  oxlint@1.95.0 oxlint-tsgolint@7.0.2008 eslint@10.15.0 typescript-eslint@8.73.0 typescript@6.0.3 > /dev/null
cat > tsconfig.json <<'JSON'
{ "compilerOptions": { "strict": true, "target": "es2023", "module": "nodenext", "types": [] }, "include": ["closing.ts"] }
JSON
cat > closing.ts <<'TS'
const wait = (): Promise<void> => Promise.resolve();
export async function run(work: () => Promise<number>): Promise<number> {
  const result = await work().finally(async () => { await wait(); });
  [1, 2].forEach(async () => { await wait(); });
  return result;
}
TS
cat > eslint.config.js <<'JS'
import tseslint from 'typescript-eslint';
export default [{
  files: ['*.ts'],
  languageOptions: { parser: tseslint.parser, parserOptions: { project: './tsconfig.json' } },
  plugins: { ts: tseslint.plugin },
  rules: { 'ts/no-misused-promises': 'error' },
}];
JS
cat > .oxlintrc.json <<'JSON'
{ "plugins": ["typescript"], "categories": { "correctness": "off" }, "options": { "typeAware": true },
  "rules": { "typescript/no-misused-promises": "error" } }
JSON
npx eslint --format json closing.ts > eslint.json || true
npx oxlint --format json closing.ts > oxlint.json || true
node --input-type=module - <<'JS'
import { readFileSync } from 'node:fs';
import assert from 'node:assert';
const read = (name) => JSON.parse(readFileSync(name, 'utf8'));
const old = read('eslint.json')[0].messages.map(({ line }) => line);
const port = read('oxlint.json').diagnostics.map(({ labels }) => labels[0].span.line).sort();
console.log(`typescript-eslint: ${old.join(' ')}\noxlint: ${port.join(' ')}`);
assert.deepEqual(old, [4]);
assert.deepEqual(port, [3, 4], 'both agree now');
JS
