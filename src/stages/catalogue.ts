import { readFileSync } from 'node:fs';
import type { JsonObject } from '../core/json.ts';
import { assetPath } from '../util/package-root.ts';

/** Names in the ml registries and facts about each: `models` → `resnet8` → `{ dropout: false, … }`. */
export type Catalogue = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;

let read: Catalogue | undefined;

/** The same, whose registries have no names but their own, whatever is asked of them. */
function withoutPrototypes(names: Catalogue): Catalogue {
  for (const registry of Object.values(names)) Object.setPrototypeOf(registry, null);
  return Object.setPrototypeOf(names, null) as Catalogue;
}

/**
 * Reads `schemas/catalogue.json`, which `npm run build:schemas` writes from the ml registries: the only thing that
 * the runner half knows of the ml half.
 *
 * @returns the catalogue, read once a process
 */
export function catalogue(): Catalogue {
  read ??= withoutPrototypes(JSON.parse(readFileSync(assetPath('schemas/catalogue.json'), 'utf8')) as Catalogue);
  return read;
}
