import { resolve } from 'node:path';

/** A file system as the system lists it. */
export interface FileSystem {
  /** `ext4`, `nfs4`, `overlay`, `tmpfs` … */
  readonly type: string;
  /** Whether other machines write there, too. */
  readonly isShared: boolean;
}

/** File systems that several machines have at once. */
const shared =
  /^(?:nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|lustre|gpfs|beegfs|glusterfs|pvfs2|orangefs|ocfs2|gfs2|fuse\.(?:sshfs|glusterfs|ceph|s3fs|gcsfuse|juicefs))$/;

/** Paths stand there with what would end a field as octal numbers. */
const unescaped = (field: string): string =>
  field.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));

/**
 * Finds the file system that a path lies on.
 *
 * @param mounts - `/proc/self/mountinfo`
 * @param path - absolute
 * @returns the one that is mounted nearest above it, the last of several in one place; undefined where there is none
 */
export function fileSystemOf(mounts: string, path: string): FileSystem | undefined {
  let [found, longest]: [string | undefined, number] = [undefined, -1];
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = unescaped(before.split(' ')[4] ?? '');
    const isAbove = point === '/' || `${resolve(path)}/`.startsWith(`${point}/`);
    if (point !== '' && isAbove && point.length >= longest) [found, longest] = [after.split(' ')[0], point.length];
  }
  return found === undefined ? undefined : { type: found, isShared: shared.test(found) };
}
