import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { folderName, installationsFolder } from './release.ts';

/** An installation of TensorFlow. */
export interface Installed {
  /** Absolute path of the module, which Node loads. */
  readonly module: string;
  /** TensorFlow's, `unknown` where the folder does not say; the module says it once it is loaded. */
  readonly version: string;
  /** Whether it has what computes on a GPU, which need not be there. */
  readonly gpu: boolean;
}

/** Name of the module's file. */
export const MODULE = 'tfjs_binding.node';
/** What an installation says of itself. */
export const NOTE = 'installed.json';

/** The module in an installation's folder, ours or that of @tensorflow/tfjs-node. */
function moduleIn(folder: string): string | undefined {
  return [join(folder, MODULE), join(folder, 'lib', 'napi-v8', MODULE)].find((path) => existsSync(path));
}

/**
 * Looks into a folder for an installation.
 *
 * @param folder - absolute path
 * @returns the installation; undefined where there is no module
 */
export function installationIn(folder: string): Installed | undefined {
  const module = moduleIn(folder);
  if (module === undefined) return undefined;
  const note = join(dirname(module), NOTE);
  if (!existsSync(note)) return { module, version: 'unknown', gpu: false };
  // Our own file, written before the folder got its name.
  const { version, gpu } = JSON.parse(readFileSync(note, 'utf8')) as Omit<Installed, 'module'>;
  return { module, version, gpu };
}

/** Packages that bring a module and a TensorFlow of their own. */
const PEERS = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** Those beside kdpipe whose module is there: without their install script they have none. */
function peers(resolvePath: (name: string) => string): readonly Installed[] {
  return PEERS.flatMap((name) => {
    try {
      const found = installationIn(dirname(resolvePath(`${name}/package.json`)));
      return found ? { ...found, gpu: name === PEERS[0] } : [];
    } catch {
      return [];
    }
  });
}

/**
 * Finds the TensorFlow to use: that of KDPIPE_TENSORFLOW, else what `kdpipe engine install tensorflow` has installed, one for
 * GPUs first, which computes on a processor where there is none; else that of a peer dependency.
 *
 * @param resolvePath - finds a file of a package
 * @returns the installation, or why there is none: a half sentence
 */
export function installedTensorFlow(
  resolvePath: (name: string) => string = createRequire(import.meta.url).resolve,
): Installed | { readonly unavailable: string } {
  const asked = process.env['KDPIPE_TENSORFLOW'];
  if (asked !== undefined)
    return (
      installationIn(resolve(asked)) ?? { unavailable: `KDPIPE_TENSORFLOW is "${asked}", where no ${MODULE} lies` }
    );
  const folder = installationsFolder();
  const found =
    folder === undefined
      ? []
      : (['cuda', 'cpu'] as const).flatMap((variant) => installationIn(join(folder, folderName(variant))) ?? []);
  return found[0] ?? peers(resolvePath)[0] ?? { unavailable: 'it is not installed (kdpipe engine install tensorflow)' };
}
