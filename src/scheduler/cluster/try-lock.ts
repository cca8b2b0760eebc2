import type { Lock, Store } from '../../store/store.ts';

/** How much somebody wants a lock. */
export interface LockWish {
  /** Whether to wait while somebody else has it. */
  readonly patient: boolean;
  /** Aborted to wait no longer. */
  readonly interrupt?: AbortSignal;
}

/**
 * Takes a lock, or says who has it.
 *
 * @param store - where locks are
 * @param name - of the lock
 * @param wish - whether to wait for it
 * @returns the lock; or its holder in words, empty where it was waited for in vain
 */
export async function tryLock(store: Pick<Store, 'lock'>, name: string, wish: LockWish): Promise<Lock | string> {
  const { patient, interrupt } = wish;
  const busy = new AbortController();
  const signal = interrupt ? AbortSignal.any([busy.signal, interrupt]) : busy.signal;
  let holder = '';
  try {
    return await store.lock(name, signal, (who) => {
      if (patient) return;
      holder = who;
      busy.abort();
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    return holder;
  }
}
