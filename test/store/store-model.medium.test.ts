import { chmodSync, existsSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { damageOf } from '../../src/store/damage.ts';
import { entryPath } from '../../src/store/layout.ts';
import { openStore } from '../../src/store/local.ts';
import type { Draft } from '../../src/store/store.ts';
import { draftManifest, keyOf, temporaryFolder } from './stored.ts';

const keys = [keyOf('one'), keyOf('two')] as const;
const at = fc.constantFrom(0, 1);
const text = fc.string({ minLength: 1, maxLength: 3 });

/** What anybody may do to a store, at any time; `draft` is one of those that are under way, in turn. */
const step = fc.oneof(
  fc.record({ do: fc.constant('begin' as const), key: at, by: at, text }),
  fc.record({ do: fc.constantFrom('fence' as const, 'finish' as const, 'abandon' as const), draft: fc.nat() }),
  fc.record({ do: fc.constant('remove' as const), key: at, by: at }),
  fc.record({
    do: fc.constant('damage' as const),
    key: at,
    how: fc.constantFrom('empty' as const, 'edit' as const, 'delete' as const, 'manifest' as const),
  }),
);

/** A draft under way, and what the model knows of it. */
interface Begun {
  readonly draft: Draft;
  readonly key: 0 | 1;
  readonly text: string;
  /** Whether a result was there when it began: then it takes its place. */
  readonly replaces: boolean;
  fenced: boolean;
}

/** Changes a result behind the store's back. */
function damage(entry: string, how: 'empty' | 'edit' | 'delete' | 'manifest'): void {
  const file = join(entry, how === 'manifest' ? 'manifest.json' : 'out.txt');
  if (!existsSync(file)) return;
  chmodSync(file, 0o644);
  if (how === 'delete') rmSync(file);
  else if (how === 'edit') {
    writeFileSync(file, Buffer.alloc(3, '\u0000'));
    // A tick of the clock later.
    utimesSync(file, 2e9, 2e9);
  } else truncateSync(file);
}

describe('a store that several use, lose, and damage', () => {
  it('finds what was committed last, whole, or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const root = join(temporaryFolder(), 'store');
        const stores = [openStore(root), openStore(root)] as const;
        const model: (string | undefined)[] = [undefined, undefined];
        const begun: Begun[] = [];
        for (const one of steps) {
          if (one.do === 'begin') {
            const draft = await stores[one.by].draft(keys[one.key]);
            writeFileSync(join(draft.path, 'out.txt'), one.text);
            const replaces = model[one.key] !== undefined;
            begun.push({ draft, key: one.key, text: one.text, replaces, fenced: false });
          } else if (one.do === 'remove') {
            await stores[one.by].remove(keys[one.key]);
            model[one.key] = undefined;
          } else if (one.do === 'damage') {
            damage(entryPath(root, keys[one.key]), one.how);
            model[one.key] = undefined;
          } else {
            const [mine] = begun.splice(one.draft % Math.max(1, begun.length), 1);
            if (!mine) continue;
            const { draft, key } = mine;
            if (one.do === 'abandon') continue;
            if (one.do === 'fence' && !mine.fenced) {
              await draft.fence();
              for (const other of begun) if (other.key === key) other.fenced = true;
              begun.push(mine);
            } else if (one.do === 'finish' && mine.fenced) {
              await expect(draft.commit(draftManifest(keys[key]))).rejects.toMatchObject({ code: 'ENOENT' });
            } else if (one.do === 'finish') {
              await draft.commit(draftManifest(keys[key]));
              if (mine.replaces || model[key] === undefined) model[key] = mine.text;
            }
          }
          for (const store of stores)
            for (const [index, key] of keys.entries()) {
              const expected = model[index];
              const found = store.find(key)?.outputs['out']?.digest;
              expect(found).toBe(expected === undefined ? undefined : sha256(expected));
              if (expected !== undefined) expect(await damageOf(root, key)).toBe('');
            }
        }
      }),
      { numRuns: 150 },
    );
  });
});
