import { describe, expect, it } from 'vitest';
import { reporterFor } from '../../src/ui/registry.ts';

describe('the reporter for progress', () => {
  it.each<[boolean, Readonly<Record<string, string>>, string]>([
    [true, { TERM: 'xterm-256color' }, 'tree'],
    [true, {}, 'tree'],
    [true, { CI: 'false' }, 'tree'],
    [true, { CI: '' }, 'tree'],
    [true, { CI: 'true' }, 'lines'],
    [true, { CI: '1' }, 'lines'],
    [true, { TERM: 'dumb' }, 'lines'],
    [false, { TERM: 'xterm-256color' }, 'lines'],
  ])('is chosen for a terminal (%s) and %j: %s', (terminal, environment, name) => {
    expect(reporterFor(terminal, environment)).toBe(name);
  });
});
