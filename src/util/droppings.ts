/** What programs leave in folders beside the files that people put there. Lower case. */
const NAMES: ReadonlySet<string> = new Set([
  // Windows, macOS, Synology, mounted disks
  ...['thumbs.db', 'ehthumbs.db', 'desktop.ini', '$recycle.bin', 'system volume information'],
  ...['__macosx', 'icon\r', '@eadir', 'lost+found'],
]);

/** Backups and locks of editors: `notes.txt~`, `#notes.txt#`. */
const EDITOR = /~$|^#.*#$/;

/**
 * Tells whether a file or folder is no content of anybody's: a hidden one, or what a file manager or an editor left.
 *
 * @param name - of the file or folder, without its path
 * @returns true for `.DS_Store`, `Thumbs.db`, `__MACOSX`, `photo.png~` …
 */
export function isDropping(name: string): boolean {
  return name.startsWith('.') || NAMES.has(name.toLowerCase()) || EDITOR.test(name);
}
