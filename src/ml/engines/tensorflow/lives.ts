import type { Program } from '../program.ts';

/** In which of a program's sections the buffers of its step are used, so that one knows what has to last between two of them. */
export class Lives {
  readonly #sections: readonly string[];
  readonly #pinned: ReadonlySet<number>;
  readonly #lives = new Map<number, { readonly first: number; last: number }>();

  /** @param program - whose buffers */
  constructor(program: Pick<Program<string>, 'sections' | 'ports'>) {
    this.#sections = Object.keys(program.sections);
    const ports = Object.values(program.ports);
    this.#pinned = new Set(ports.flatMap(({ ref }) => (ref.space === 'step' ? [ref.buffer] : [])));
    Object.values<Program<string>['sections'][string]>(program.sections).forEach((operations, section) => {
      for (const { operands } of operations)
        for (const ref of Object.values(operands)) if (ref?.space === 'step') this.#use(ref.buffer, section);
    });
  }

  #use(buffer: number, section: number): void {
    const life = this.#lives.get(buffer);
    if (life) life.last = section;
    else this.#lives.set(buffer, { first: section, last: section });
  }

  /** Whether a buffer may hold something before a section runs. */
  before(section: string, buffer: number): boolean {
    const life = this.#lives.get(buffer);
    return this.#pinned.has(buffer) || (life !== undefined && life.first < this.#sections.indexOf(section));
  }

  /** Whether somebody may look at a buffer after a section has run. */
  after(section: string, buffer: number): boolean {
    const life = this.#lives.get(buffer);
    return this.#pinned.has(buffer) || (life !== undefined && life.last > this.#sections.indexOf(section));
  }
}
