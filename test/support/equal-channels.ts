/** Names of the methods that compare channel by channel: they want a student as wide as its teacher. */
export const EQUAL_CHANNELS: ReadonlySet<string> = new Set(['FSP', 'KDSVD']);
