import { afterEach, describe, expect, it } from 'vitest';
import { interruptions, type Interruptions } from '../../src/cli/signals.ts';

let open: Interruptions | undefined;
const listen = (terminal = true) => {
  open = interruptions(terminal);
  open.listen();
  return open;
};
afterEach(() => open?.release());

const asking = ['SIGINT', 'SIGTERM'] as const;
const listeners = () => [...asking, 'SIGHUP'].map((signal) => process.listenerCount(signal));
const aborted = ({ interrupt, kill }: Interruptions) => [interrupt.aborted, kill.aborted];

describe('interruptions', () => {
  it.each(asking)('%s asks for an end once, and ends the run the second time', (signal) => {
    const listening = listen();
    expect(aborted(listening)).toEqual([false, false]);
    process.emit(signal);
    expect(aborted(listening)).toEqual([true, false]);
    process.emit(signal);
    expect(aborted(listening)).toEqual([true, true]);
    process.emit(signal);
  });

  it('count different signals together: SIGTERM after SIGINT kills', () => {
    const { kill } = listen();
    process.emit('SIGINT');
    process.emit('SIGTERM');
    expect(kill.aborted).toBe(true);
  });

  it('take a terminal that closes as one question, however often it is told, also after Ctrl-C', () => {
    const closed = listen();
    process.emit('SIGHUP');
    process.emit('SIGHUP');
    expect(aborted(closed)).toEqual([true, false]);
    closed.release();
    const leaving = listen();
    process.emit('SIGINT');
    process.emit('SIGHUP');
    expect(aborted(leaving)).toEqual([true, false]);
  });

  it('mind no hang-up where there is no terminal, as under nohup', () => {
    const listening = listen(false);
    process.emit('SIGHUP');
    expect(aborted(listening)).toEqual([false, false]);
  });

  it('take no signal before they listen, and give them back when they are released', () => {
    const before = listeners();
    const listening = interruptions(true);
    expect(listeners()).toEqual(before);
    listening.listen();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    listening.release();
    expect(listeners()).toEqual(before);
    expect(listening.interrupt.aborted).toBe(false);
  });
});
