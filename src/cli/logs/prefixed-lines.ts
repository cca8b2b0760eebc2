import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Writes lines of several sources into one stream, each after the name of its own: a line is never cut by another. */
export class PrefixedLines extends Writable {
  readonly #out: Writable;
  readonly #prefix: string;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /**
   * @param out - takes whole lines
   * @param prefix - stands before each
   */
  constructor(out: Writable, prefix: string) {
    super();
    this.#out = out;
    this.#prefix = prefix;
  }

  override _write(piece: Buffer, _: BufferEncoding, done: () => void): void {
    const lines = `${this.#rest}${this.#decoder.write(piece)}`.split('\n');
    this.#rest = lines.pop() ?? '';
    this.#tell(lines, done);
  }

  override _final(done: () => void): void {
    const rest = `${this.#rest}${this.#decoder.end()}`;
    this.#tell(rest === '' ? [] : [rest], done);
  }

  /** Takes more once the reader does. */
  #tell(lines: readonly string[], done: () => void): void {
    if (lines.length === 0) done();
    else this.#out.write(lines.map((line) => `${this.#prefix}${line}\n`).join(''), () => done());
  }
}
