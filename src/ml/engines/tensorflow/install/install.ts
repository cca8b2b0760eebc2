import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail } from '../../../../core/failure.ts';
import { fileSize } from '../../../../util/file-size.ts';
import { installationIn, NOTE, type Installed } from '../installed.ts';
import { proveInstallation } from '../proof.ts';
import {
  costOf,
  folderName,
  installationsFolder,
  SOURCES,
  TENSORFLOW,
  WHEELS,
  type Published,
  type Variant,
} from '../release.ts';
import { compileModule, unpackPackage } from './compile.ts';
import { fetchPackage, fetchWheel, unpackWheel, type Fetching } from './fetching.ts';
import { holdFolder } from './hold.ts';
import { shelfOf } from './shelf.ts';
import { withMarks, type PlannedStep, type Step } from './steps.ts';
import { findCompiler, findPython, requireMachine } from './tools.ts';

/** What is asked for. */
export interface InstallOptions {
  readonly variant: Variant;
  /** Python whose pip is used. */
  readonly python?: string;
  /** A wheel of TensorFlow that is here already; other files are looked for beside it. */
  readonly wheel?: string;
}

/** An installation that can begin. */
export interface Installation {
  /** Folder that it will have. */
  readonly folder: string;
  /** What it is, and what it takes. */
  readonly summary: string;
  /** None where it is there already. */
  readonly steps: readonly PlannedStep[];
  /** Lets others install again. */
  readonly end: () => void;
}

/** Parts of wheels that stay, and those that only the compiler reads. */
const LIBRARIES = ['tensorflow/libtensorflow', 'nvidia/'];
const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'].map(
  (path) => `tensorflow/include/${path}`,
);

/** What steps work with. */
interface Workshop extends Fetching {
  readonly variant: Variant;
  readonly python: string;
  readonly compiler: string;
  /** Folder of what is half made. */
  readonly draft: string;
  /** What becomes the installation with one rename. */
  readonly installation: string;
  readonly place: string;
}

const inWorkshop = ({ draft }: Workshop, name: string): string => join(draft, name);

/** Fetches a wheel and unpacks it. A wheel that was fetched for it is removed at once: CUDA's take gigabytes. */
function wheelSteps(workshop: Workshop, wheel: Published): Step {
  const { python, installation, folder, shelf } = workshop;
  return {
    name: `wheel ${wheel.package} ${wheel.version}`,
    title: `${wheel.package} ${wheel.version} (${fileSize(wheel.size)})`,
    run: async (say) => {
      const file = await fetchWheel(wheel, { folder, shelf }, python, say);
      say('unpacks');
      await unpackWheel(file, installation, LIBRARIES, python);
      if (wheel === WHEELS[workshop.variant][0])
        await unpackWheel(file, inWorkshop(workshop, 'wheel'), HEADERS, python);
      if (file.startsWith(join(folder, '/'))) rmSync(file);
    },
  };
}

function sourceStep(workshop: Workshop, name: keyof typeof SOURCES): Step {
  const source = SOURCES[name];
  return {
    name: `source ${source.package} ${source.version}`,
    title: `${source.package} ${source.version} (${fileSize(source.size)})`,
    run: async () => unpackPackage(await fetchPackage(source, workshop), inWorkshop(workshop, name)),
  };
}

function compileStep(workshop: Workshop): Step {
  const { compiler, installation } = workshop;
  const folders = {
    module: inWorkshop(workshop, 'module'),
    headers: inWorkshop(workshop, 'headers'),
    include: join(inWorkshop(workshop, 'wheel'), 'tensorflow', 'include'),
  };
  return {
    name: 'module',
    title: `module for Node, compiled by ${compiler}`,
    run: () => compileModule({ compiler, installation, ...folders }),
  };
}

/** Tries it out, and gives it its name; nothing is left to be marked then. */
function proveStep({ variant, draft, installation, place }: Workshop): PlannedStep {
  return {
    done: false,
    title: 'self-test in a process of its own',
    run: async () => {
      const proof = await proveInstallation(installation);
      if ('wrong' in proof)
        fail({
          code: 'engine-unproven',
          message: `TensorFlow does not work here: ${proof.wrong}`,
          expected: 'a training of a small network that ends as on the reference engine',
          fix: 'engine: native runs here; what is installed so far goes with kdpipe engine remove tensorflow',
        });
      const note: Omit<Installed, 'module'> = { version: proof.version, gpu: variant === 'cuda' };
      writeFileSync(join(installation, NOTE), `${JSON.stringify(note)}\n`);
      rmSync(place, { recursive: true, force: true });
      renameSync(installation, place);
      rmSync(draft, { recursive: true, force: true });
    },
  };
}

function requireRoom(folder: string, variant: Variant): void {
  const { bavail, bsize } = statfsSync(folder);
  const { disk } = costOf(variant);
  // One wheel at a time lies beside what is unpacked.
  const needed = disk + Math.max(...WHEELS[variant].map(({ size }) => size));
  if (bavail * bsize >= needed) return;
  fail({
    code: 'disk-full',
    message: `TensorFlow needs ${fileSize(needed)} in ${folder}, and the disk has room for ${fileSize(bavail * bsize)}`,
    fix: 'free space, or set XDG_CACHE_HOME to a folder on another disk',
  });
}

function requireHome(): string {
  return (
    installationsFolder() ??
    fail({
      code: 'no-home',
      message: 'there is no folder for installations: this user has no home',
      fix: 'set XDG_CACHE_HOME to a folder that you may write to',
    })
  );
}

/** Finds all that an installation needs, before anything is fetched. */
async function openWorkshop(
  options: InstallOptions,
  { home, place }: Record<'home' | 'place', string>,
): Promise<Workshop> {
  const { variant, wheel } = options;
  const shelf = wheel === undefined ? undefined : await shelfOf(resolve(wheel), variant);
  const python = await findPython(options.python, shelf === undefined);
  const compiler = await findCompiler();
  const draft = join(home, `.${folderName(variant)}`);
  mkdirSync(draft, { recursive: true });
  const folders = { draft, folder: join(draft, 'files'), installation: join(draft, 'installation') };
  return { variant, python, compiler, shelf, place, ...folders };
}

/**
 * Prepares an installation of TensorFlow: looks for all that it needs, and says what it will take.
 *
 * @param options - variant, Python, wheel
 * @returns its steps, of which those that an interrupted one has done are done; the caller runs the others, and ends it
 * @throws FailureError `not-installable`, `no-python`, `no-pip`, `no-compiler`, `disk-full`, `wrong-wheel`, `being-installed`
 */
export async function prepareInstallation(options: InstallOptions): Promise<Installation> {
  const { variant } = options;
  requireMachine();
  const home = requireHome();
  const place = join(home, folderName(variant));
  if (installationIn(place))
    return { folder: place, summary: `TensorFlow ${TENSORFLOW} is installed`, steps: [], end: () => undefined };
  const workshop = await openWorkshop(options, { home, place });
  const end = holdFolder(workshop.draft);
  try {
    requireRoom(home, variant);
    const steps = withMarks(inWorkshop(workshop, 'marks'), [
      sourceStep(workshop, 'module'),
      sourceStep(workshop, 'headers'),
      ...WHEELS[variant].map((wheel) => wheelSteps(workshop, wheel)),
      compileStep(workshop),
    ]);
    const { download, disk } = costOf(variant);
    const kind = variant === 'cuda' ? 'with CUDA' : 'for processors';
    const summary = `TensorFlow ${TENSORFLOW} ${kind}: ${fileSize(download)} to download, ${fileSize(disk)} on disk in ${place}`;
    return { folder: place, summary, steps: [...steps, proveStep(workshop)], end };
  } catch (error) {
    end();
    throw error;
  }
}
