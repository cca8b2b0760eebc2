import { describe, expect, it } from 'vitest';
import { commands, type CommandEntry } from '../../src/cli/registry.ts';

describe.each(Object.entries<CommandEntry>(commands))('the command %s', (name, { summary, load }) => {
  it('carries its registered name, and describes each of its options and arguments', async () => {
    const command = (await load()).command();
    expect(command.name()).toBe(name);
    for (const { flags, description } of command.options) expect(description, flags).not.toBe('');
    for (const argument of command.registeredArguments) expect(argument.description, argument.name()).not.toBe('');
  });

  it('has a summary of one line that is no sentence', () => {
    expect(summary).toMatch(/^[a-z][^\n]*[^.]$/);
  });
});
