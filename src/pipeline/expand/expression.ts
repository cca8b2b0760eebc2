import { parseSelector, type Selector } from '../../cells/selector.ts';
import { nameAdvice } from '../../util/text.ts';

/** What stands in one `${…}`. */
export type Expression =
  | { readonly type: 'params'; readonly source: string; readonly name: string; readonly keys: readonly string[] }
  | { readonly type: 'env'; readonly source: string; readonly name: string; readonly fallback: string | undefined }
  | { readonly type: 'matrix'; readonly source: string; readonly name: string; readonly keys: readonly string[] }
  | {
      readonly type: 'stages';
      readonly source: string;
      readonly selector: Selector;
      readonly output: string | undefined;
    }
  | { readonly type: 'run'; readonly source: string };

/** Why a `${…}` cannot be read. */
export interface ExpressionProblem {
  readonly code: string;
  readonly message: string;
  /** The faulty part of the text. */
  readonly within: string;
  readonly expected?: string;
  readonly fix?: string;
}

/** A text in pieces: literal ones and expressions, in order. */
export type Parts = readonly (string | Expression)[];

/** The words before the first dot, each with an example. */
const forms: Readonly<Record<Expression['type'], string>> = {
  params: '${params.name}',
  env: '${env.NAME} or ${env.NAME:-default}',
  matrix: '${matrix.axis} or ${matrix.axis.key}',
  stages: '${stages.id}, ${stages.id.output} or ${stages.id[axis=value]}',
  run: '${run.name}',
};

const NAME = '[A-Za-z][A-Za-z0-9_-]*';
const PATH = new RegExp(`^(${NAME})((?:\\.${NAME})*)$`);
const ENV = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/;
const OUTPUT = new RegExp(`^\\.(${NAME})$`);

/** Where the expression that starts after `${` ends: its `}`, braces in quoted parts of brackets not counted. */
function closing(text: string, start: number): number {
  let [brackets, quoted] = [0, false];
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"' && brackets > 0) quoted = !quoted;
    else if (quoted) continue;
    else if (character === '[') brackets++;
    else if (character === ']') brackets--;
    else if (character === '}') return at;
  }
  return -1;
}

function path(type: 'params' | 'matrix', rest: string, source: string): Expression | undefined {
  const [, name, keys = ''] = PATH.exec(rest) ?? [];
  return name === undefined ? undefined : { type, source, name, keys: keys.split('.').slice(1) };
}

function stages(rest: string, source: string): Expression | undefined {
  const parsed = parseSelector(rest);
  if (!parsed) return undefined;
  const tail = rest.slice(parsed.end);
  const output = OUTPUT.exec(tail)?.[1];
  return tail === '' || output !== undefined
    ? { type: 'stages', source, selector: parsed.selector, output }
    : undefined;
}

const readers: Readonly<Record<Expression['type'], (rest: string, source: string) => Expression | undefined>> = {
  params: (rest, source) => path('params', rest, source),
  matrix: (rest, source) => path('matrix', rest, source),
  stages,
  env: (rest, source) => {
    const [, name, fallback] = ENV.exec(rest) ?? [];
    return name === undefined ? undefined : { type: 'env', source, name, fallback };
  },
  run: (rest, source) => (rest === 'name' ? { type: 'run', source } : undefined),
};

const isType = (word: string): word is Expression['type'] => Object.hasOwn(forms, word);

/** Reads what stands between `${` and `}`. */
function parseExpression(inner: string): Expression | ExpressionProblem {
  const source = `\${${inner}}`;
  const text = inner.trim();
  const dot = text.indexOf('.');
  const word = dot < 0 ? text : text.slice(0, dot);
  if (!isType(word)) {
    return {
      code: 'unknown-expression',
      message: `${source} is not a reference that pipelines have`,
      within: source,
      expected: Object.values(forms).join(', '),
      fix: advice(word, source),
    };
  }
  const parsed = dot < 0 ? undefined : readers[word](text.slice(dot + 1), source);
  return (
    parsed ?? { code: 'bad-expression', message: `${source} cannot be read`, within: source, expected: forms[word] }
  );
}

function advice(word: string, source: string): string {
  const literal = `write $${source} for a literal ${source}`;
  const near = nameAdvice(word, Object.keys(forms));
  return near?.startsWith('did') ? `${near} Or ${literal}` : literal;
}

/**
 * Cuts a text into literal pieces and expressions. `$${` stands for a literal `${`.
 *
 * @param text - a text of a pipeline file
 * @returns the pieces, or what is wrong with an expression
 */
export function parseText(text: string): Parts | ExpressionProblem {
  const parts: (string | Expression)[] = [];
  let [literal, at] = ['', 0];
  for (let found = text.indexOf('${'); found >= 0; found = text.indexOf('${', at)) {
    if (found > at && text[found - 1] === '$') {
      literal += `${text.slice(at, found - 1)}\${`;
      at = found + 2;
      continue;
    }
    const end = closing(text, found + 2);
    if (end < 0)
      return {
        code: 'unclosed-expression',
        message: '${ is never closed',
        within: text.slice(found),
        expected: 'a closing }',
        fix: 'write $${ for a literal ${',
      };
    const expression = parseExpression(text.slice(found + 2, end));
    if ('code' in expression) return expression;
    literal += text.slice(at, found);
    if (literal !== '') parts.push(literal);
    parts.push(expression);
    [literal, at] = ['', end + 1];
  }
  literal += text.slice(at);
  if (literal !== '') parts.push(literal);
  return parts;
}
