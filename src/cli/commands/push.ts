import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { fail } from '../../core/failure.ts';
import { hubAccess, type HubAccess } from '../../hub/access.ts';
import { HubApi } from '../../hub/hub-api.ts';
import { pushFiles, type Pushed, type PushTarget } from '../../hub/push.ts';
import type { Exported } from '../../ml/export/export-model.ts';
import { openProject } from '../../project/project.ts';
import { findTrained } from '../../project/trained.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { fileSize } from '../../util/file-size.ts';
import { checkLines, exportTrained } from '../export-network.ts';
import { examples } from '../options.ts';
import { print, printError } from '../terminal.ts';
import { typedPath } from '../workspace.ts';

interface Flags {
  readonly to: readonly Exported['format'][];
  readonly dryRun?: boolean;
  readonly private?: boolean;
  readonly revision: string;
  readonly message?: string;
  readonly license?: string;
}

/**
 * `kdpipe push`: a trained network as a repository of the Hugging Face Hub.
 *
 * @returns the commander command
 */
export function command(): Command {
  const forms = Object.keys(catalogue()['exports'] ?? {});
  return new Command('push')
    .argument('<network>', 'a trained cell, or a .safetensors file that a stage has written')
    .argument('<repository>', 'hf:owner/name; it is made where it is missing')
    .addOption(new Option('--to <formats...>', 'in which forms').choices(forms).default(['safetensors']))
    .option('-n, --dry-run', 'write the files, say what would be uploaded, and upload nothing')
    .option('--private', 'to a repository that only its owner sees')
    .option('--revision <branch>', 'to this branch, which is made where it is missing', 'main')
    .option('-m, --message <text>', 'of the commit; by default the name of the network')
    .option(
      '--license <id>',
      'of the weights, as the Hub calls it: apache-2.0, mit, other …; unknown where it is not said',
    )
    .addHelpText(
      'after',
      examples(
        "kdpipe push 'student[seed=0]' hf:me/birds --dry-run",
        'kdpipe push teacher hf:me/birds --to safetensors onnx --private --license mit',
      ),
    )
    .action(push);
}

function repositoryIn(text: string): string {
  const [, repo] = /^hf:([\w-][\w.-]*\/[\w-][\w.-]{0,95})$/.exec(text) ?? [];
  return (
    repo ??
    fail({
      code: 'wrong-address',
      message: `${JSON.stringify(text)} names no repository`,
      expected: 'hf:owner/name, of letters, digits, . _ and -; a branch is said by --revision',
    })
  );
}

async function push(name: string, address: string, flags: Flags): Promise<void> {
  const repo = repositoryIn(address);
  const access = hubAccess(process.env);
  if (access.token === undefined && !flags.dryRun)
    fail({
      code: 'no-token',
      message: 'nobody says who pushes',
      expected: 'HF_TOKEN, or the token that `hf auth login` has kept in ~/.cache/huggingface',
      fix: 'make a token that may write at huggingface.co/settings/tokens; --dry-run needs none',
    });
  const trained = findTrained(openProject(), typedPath(name));
  const { revision, message = `Push ${trained.name}`, private: isPrivate = false, to, license } = flags;
  const target = { repo, revision, isPrivate, message };
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-push-'));
  try {
    const written = await exportTrained(trained, { to, folder, license });
    for (const line of checkLines(written)) printError(line);
    if (flags.dryRun) await tellPlan(folder, written.names, { target, access });
    else tellPushed(await pushFiles(new HubApi(access), folder, written.names, target), repo);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tellPushed({ commit, uploaded }: Pushed, repo: string): void {
  printError(commit ? `uploaded ${uploaded.join(', ')}` : `${repo} has all of it already`);
  if (commit) print(commit.url);
}

/** All that would be uploaded: files with their sizes, where to, and what the card says to the Hub. */
async function tellPlan(
  folder: string,
  names: readonly string[],
  { target, access }: { readonly target: PushTarget; readonly access: HubAccess },
): Promise<void> {
  const { repo, revision, isPrivate, message } = target;
  print(`to: ${access.endpoint}/${repo}, branch ${revision}, ${isPrivate ? 'private' : 'public where it is new'}`);
  print(`commit: ${message}`);
  print(`token: ${access.token === undefined ? 'none is here' : 'is here'}`);
  for (const name of names) print(`file: ${name}, ${fileSize(statSync(join(folder, name)).size)}`);
  const [, metadata = ''] = /^---\n(.*?)\n---\n/s.exec(await readFile(join(folder, 'README.md'), 'utf8')) ?? [];
  print(`metadata:\n${metadata.replaceAll(/^/gm, '  ')}`);
}
