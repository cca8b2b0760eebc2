/** Exit codes of the command line; scripts and CI rely on them. */
export const exitCodes = {
  /** Everything is there, whether it ran or was reused. */
  done: 0,
  /** A stage failed, or a table or plot could not be written. */
  stageFailed: 1,
  /** Bad input: nothing was started. */
  couldNotStart: 2,
  /** `--check` found that a rendered table differs from the file. */
  drift: 3,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** Exit code of a run, by how it ended. */
export const exitOf = {
  done: exitCodes.done,
  failed: exitCodes.stageFailed,
  interrupted: exitCodes.interrupted,
  /** It goes on, on a cluster. */
  left: exitCodes.done,
} as const;
