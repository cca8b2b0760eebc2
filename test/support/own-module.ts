import type { OwnModule } from '../../src/util/own-module.ts';
import { assetPath } from '../../src/util/package-root.ts';

/** In the place of `src/util/own-module.ts`: tests run from the sources, but the programs that they start are the built ones, which start sooner. */
export const nodeArguments = ({ built }: OwnModule): readonly string[] => [assetPath(built)];

export type { OwnModule };
