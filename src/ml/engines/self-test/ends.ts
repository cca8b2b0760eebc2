/** What the process of a self-test exits with whose results differ. */
export const DIFFERENT = 3;
/** … and whose engine cannot run here. */
export const UNAVAILABLE = 4;
