import { Argument, Command } from 'commander';
import { scripts, type Shell } from '../complete/scripts.ts';
import { examples } from '../options.ts';
import { print } from '../terminal.ts';

/**
 * `kdpipe completion`: what a shell reads to complete commands, options, stages and cells.
 *
 * @returns the commander command
 */
export function command(): Command {
  const lines = [
    'bash: echo \'eval "$(kdpipe completion bash)"\' >> ~/.bashrc',
    'zsh:  echo \'eval "$(kdpipe completion zsh)"\' >> ~/.zshrc   (after compinit)',
    'fish: kdpipe completion fish > ~/.config/fish/completions/kdpipe.fish',
  ];
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText('after', examples(...lines))
    .action((shell: Shell) => print(scripts[shell]));
}
