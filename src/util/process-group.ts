/**
 * Sends a signal to all processes of a group.
 *
 * @param leader - process id of the group's leader, which is the group's id
 * @param signal - the signal; 0 only asks whether the group still has members
 * @returns false when the group has no members any more
 */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    // EPERM: members are there, but none of them is ours to signal (it became another user's).
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
