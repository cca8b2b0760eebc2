import type { Format } from './formats.ts';

/**
 * A text inside a template's view. Handlebars asks what it writes for `toHTML`, and so gets the text escaped for the
 * format at hand, while helpers still compare and combine the plain text. `{{{x}}}` writes it plain.
 */
export class TemplateText {
  readonly plain: string;
  private readonly format: Format;

  constructor(plain: string, format: Format) {
    this.plain = plain;
    this.format = format;
  }

  toHTML(): string {
    return this.format.escape(this.plain);
  }

  toString(): string {
    return this.plain;
  }

  toJSON(): string {
    return this.plain;
  }
}

/**
 * Prepares a view for a template: texts escape themselves, and mappings have no prototype, so that a template reaches
 * nothing but the view's own fields. Empty texts stay as they are: `{{#if}}` takes them for false.
 *
 * @param value - a view or a part of it: plain JSON
 * @param format - how texts are escaped
 * @returns the prepared copy
 */
export function templateValue(value: unknown, format: Format): unknown {
  if (typeof value === 'string') return value === '' ? value : new TemplateText(value, format);
  if (Array.isArray(value)) return value.map((item: unknown) => templateValue(item, format));
  if (typeof value !== 'object' || value === null) return value;
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  // What messages of Handlebars call it; templates cannot name a symbol.
  Object.defineProperty(fields, Symbol.toPrimitive, { value: () => 'the view' });
  for (const [key, item] of Object.entries(value)) fields[key] = templateValue(item, format);
  return fields;
}

/**
 * Takes the plain value out of what a helper was given.
 *
 * @param value - an argument of a helper
 * @returns the text behind a {@link TemplateText}; other values as they are
 */
export function plainValue(value: unknown): unknown {
  return value instanceof TemplateText ? value.plain : value;
}

/**
 * Writes what a helper was given as a plain text.
 *
 * @param value - an argument of a helper
 * @returns the text; nothing for null and what is not there
 */
export function plainText(value: unknown): string {
  const plain = plainValue(value);
  if (plain === null || plain === undefined) return '';
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}
