import { afterEach, describe, expect, it } from 'vitest';
import { interruptions, type Interruptions } from '../../src/cli/signals.ts';

let open: Interruptions | undefined;
const listen = () => (open = interruptions());
afterEach(() => open?.release());

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const listeners = () => signals.map((signal) => process.listenerCount(signal));

describe('interruptions', () => {
  it.each(signals)('%s asks for an end once, and ends the run the second time', (signal) => {
    const { interrupt, kill } = listen();
    expect([interrupt.aborted, kill.aborted]).toEqual([false, false]);
    process.emit(signal);
    expect([interrupt.aborted, kill.aborted]).toEqual([true, false]);
    process.emit(signal);
    expect([interrupt.aborted, kill.aborted]).toEqual([true, true]);
    process.emit(signal);
  });

  it('count different signals together: SIGHUP after SIGINT kills', () => {
    const { kill } = listen();
    process.emit('SIGINT');
    process.emit('SIGHUP');
    expect(kill.aborted).toBe(true);
  });

  it('give the signals back to Node when they are released', () => {
    const before = listeners();
    const listening = listen();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    listening.release();
    expect(listeners()).toEqual(before);
    expect(listening.interrupt.aborted).toBe(false);
  });
});
