/**
 * What programs leave beside the files that they work on: no part of a folder that a stage is given, whether it comes, changes
 * or goes. Everybody who lists such a folder asks here.
 */
const litter: readonly RegExp[] = [
  // Python: bytecode, and what its tools remember.
  /^(?:__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache)$/,
  /\.py[co]$/,
  // Notebooks.
  /^\.ipynb_checkpoints$/,
  // Version control.
  /^\.(?:git|hg|svn)$/,
  // Editors: Vim's swap files, Emacs's locks and autosaves, backups.
  /^\..*\.sw[a-z]$/,
  /^\.#/,
  /^#.*#$/,
  /~$/,
  // File managers.
  /^(?:\.DS_Store|Thumbs\.db|desktop\.ini)$/,
  // Network file systems: files that were removed while they were open.
  /^\.(?:nfs[0-9a-f]{8,}|fuse_hidden[0-9a-f]+)$/,
];

/**
 * Tells litter from files that mean something.
 *
 * @param name - of a file or folder, without those above it
 * @returns true where it is no part of a folder's content
 */
export function isLitter(name: string): boolean {
  return litter.some((form) => form.test(name));
}

/**
 * Tells what stands in litter.
 *
 * @param path - `/` between the parts
 * @returns true where one of its parts is litter
 */
export function isLitterPath(path: string): boolean {
  return path.split('/').some(isLitter);
}

/** Vim makes this file, and removes it at once, to find out whether it may write. */
const probe = '4913';

/**
 * Tells a file that only tries whether its folder can be written.
 *
 * @param name - of a file
 * @param size - gives its bytes, which are asked for only where the name is right
 * @returns true where it means nothing
 */
export function isProbe(name: string, size: () => number): boolean {
  return name === probe && size() === 0;
}
