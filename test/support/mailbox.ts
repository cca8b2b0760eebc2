import { createServer, type Server } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket to which test programs report what they do, and which can hold them: tests wait for words, not for time. */
export class Mailbox {
  readonly #server: Server;
  readonly #folder: string;
  readonly #words: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #held: (() => void)[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (part) => (text += String(part)));
      socket.on('error', () => undefined);
      socket.on('end', () => {
        const [word = '', hold] = text.split('\n');
        this.#words.push(word);
        for (const check of this.#waiting) check();
        if (hold === 'hold') this.#held.push(() => socket.end('go\n'));
        else socket.end('go\n');
      });
    });
  }

  /** Opens a mailbox in a fresh folder. */
  static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox(mkdtempSync(join(tmpdir(), 'kdpipe-mail-')));
    await new Promise<void>((resolve) => mailbox.#server.listen(mailbox.path, resolve));
    return mailbox;
  }

  get path(): string {
    return join(this.#folder, 'socket');
  }

  /** Words heard so far. */
  get words(): readonly string[] {
    return this.#words;
  }

  /** A line of shell that reports a word and goes on. */
  say(word: string): string {
    return this.#line(word, '');
  }

  /** A line of shell that reports a word and waits until {@link release}. */
  sayAndWait(word: string): string {
    return this.#line(word, 'hold');
  }

  #line(word: string, hold: string): string {
    const program = `const s=require('net').connect('${this.path}');s.end('${word}\\n${hold}');s.resume()`;
    return `${process.execPath} -e "${program.replaceAll('\\', '\\\\')}"`;
  }

  /** Waits until a word was said `times` times. */
  heard(word: string, times = 1): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#words.filter((heard) => heard === word).length < times) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Lets all go on that wait now. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  async close(): Promise<void> {
    this.release();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
