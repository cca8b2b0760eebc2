/**
 * Writes FAILURES.md: every code that a message of kdpipe shows in brackets, with what it says and how to mend it, read
 * from the sources. With `--check` it writes nothing and fails when the file is stale.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import ts from 'typescript';

const FILE = 'FAILURES.md';
const root = resolve(import.meta.dirname, '..');

const config = ts.getParsedCommandLineOfConfigFile(
  resolve(root, 'tsconfig.json'),
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => {
      throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
    },
  },
)!;
const program = ts.createProgram(
  config.fileNames.filter((name) => relative(root, name).startsWith('src/')),
  config.options,
);
const checker = program.getTypeChecker();
const sources = program.getSourceFiles().filter(({ fileName }) => relative(root, fileName).startsWith('src/'));

/** What parameters stand for, where a failure is made by a function of ours: the arguments of one call. */
type Bindings = ReadonlyMap<ts.Symbol, ts.Expression>;

const skip = (node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)
    ? skip(node.expression)
    : node;

/** What a name stands for: an argument, or the value of a constant. */
function valueOf(symbol: ts.Symbol | undefined, bindings: Bindings): ts.Expression | undefined {
  if (!symbol) return undefined;
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const bound = bindings.get(target);
  if (bound) return bound;
  const declaration = target.valueDeclaration;
  const isConstant =
    declaration && ts.isVariableDeclaration(declaration) && ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const;
  return isConstant && ts.isIdentifier(declaration.name) ? declaration.initializer : undefined;
}

/** The literals of `code` among the properties of an object, a name of which is looked up. */
function texts(given: ts.Expression | undefined, bindings: Bindings, depth = 0): readonly string[] {
  if (!given || depth > 6) return [];
  const node = skip(given);
  const inner = (expression: ts.Expression | undefined) => texts(expression, bindings, depth + 1);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...inner(node.whenTrue), ...inner(node.whenFalse)];
  if (ts.isTemplateExpression(node)) {
    const tail = node.templateSpans.map(
      ({ expression, literal }) => `${placeholder(expression, bindings)}${literal.text}`,
    );
    return [node.head.text + tail.join('')];
  }
  if (ts.isIdentifier(node)) {
    const value = valueOf(checker.getSymbolAtLocation(node), bindings);
    return value ? inner(value) : [`*${words(node.text)}*`];
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left = '', right = ''] = [inner(node.left)[0], inner(node.right)[0]];
    return [left + right];
  }
  return [placeholder(node, bindings)];
}

/** `imageSize` → `image size`. */
const words = (name: string): string =>
  name
    .replace('#', '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();

/** What stands for a value of a run in a message: its name where it has one. */
function placeholder(given: ts.Expression, bindings: Bindings): string {
  const node = skip(given);
  if (ts.isIdentifier(node)) {
    const value = valueOf(checker.getSymbolAtLocation(node), bindings);
    const literal = value && skip(value);
    const isText =
      literal && (ts.isStringLiteralLike(literal) || (bindings.size > 0 && ts.isTemplateExpression(literal)));
    return isText ? texts(literal, bindings)[0]! : `*${words(node.text)}*`;
  }
  if (ts.isPropertyAccessExpression(node)) return `*${words(node.name.text)}*`;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return `*${words(node.argumentExpression.text)}*`;
  return '…';
}

/** The value of a property of an object literal, looked for in what it spreads too. */
function property(object: ts.ObjectLiteralExpression, name: string, bindings: Bindings): ts.Expression | undefined {
  for (const member of [...object.properties].reverse()) {
    if (ts.isPropertyAssignment(member) && ts.isIdentifier(member.name) && member.name.text === name)
      return member.initializer;
    if (ts.isShorthandPropertyAssignment(member) && member.name.text === name)
      return valueOf(checker.getShorthandAssignmentValueSymbol(member), bindings) ?? member.name;
    if (!ts.isSpreadAssignment(member)) continue;
    const spread = skip(member.expression);
    const value = ts.isIdentifier(spread) ? valueOf(checker.getSymbolAtLocation(spread), bindings) : spread;
    const literal = value && skip(value);
    const found = literal && ts.isObjectLiteralExpression(literal) ? property(literal, name, bindings) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** The parameter that a property's value comes from, and the function that it belongs to. */
function parameterOf(node: ts.Expression | undefined): ts.SignatureDeclaration | undefined {
  if (!node || !ts.isIdentifier(node)) return undefined;
  const parent = node.parent;
  const symbol = ts.isShorthandPropertyAssignment(parent)
    ? checker.getShorthandAssignmentValueSymbol(parent)
    : checker.getSymbolAtLocation(node);
  const declaration = symbol?.valueDeclaration;
  return declaration && ts.isParameter(declaration) ? declaration.parent : undefined;
}

const nodesOf = (file: ts.SourceFile): readonly ts.Node[] => {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return nodes;
};
const all = sources.flatMap(nodesOf);

/** The name that a function is called by, that of its constant where it is an arrow. */
const nameOf = (declaration: ts.SignatureDeclaration): string | undefined =>
  (declaration.name ?? (ts.isVariableDeclaration(declaration.parent) ? declaration.parent.name : undefined))?.getText();

/** All calls of a function of ours, as what its parameters stand for. */
function callsOf(declaration: ts.SignatureDeclaration): readonly Bindings[] {
  const name = nameOf(declaration);
  return all.filter(ts.isCallExpression).flatMap((call) => {
    const called = ts.isPropertyAccessExpression(call.expression) ? call.expression.name : call.expression;
    if (called.getText() !== name || checker.getResolvedSignature(call)?.declaration !== declaration) return [];
    const bound = declaration.parameters.flatMap((parameter, index): [ts.Symbol, ts.Expression][] => {
      const symbol = checker.getSymbolAtLocation(parameter.name);
      const argument = call.arguments[index];
      return symbol && argument ? [[symbol, argument]] : [];
    });
    return [new Map(bound)];
  });
}

interface Row {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** The function that a failure's words come to as arguments: its code, its message, or the message inside of that. */
function makerOf(object: ts.ObjectLiteralExpression, bindings: Bindings): ts.SignatureDeclaration | undefined {
  const [code, message] = ['code', 'message'].map((name) => property(object, name, bindings));
  const inside =
    message && ts.isTemplateExpression(message) ? message.templateSpans.map((span) => span.expression) : [];
  const words = inside.filter((part) => part.getText() === 'message');
  const spread = object.properties.filter(ts.isSpreadAssignment).map(({ expression }) => expression);
  for (const part of [code, message, ...words, ...(message ? [] : spread)]) {
    const maker = parameterOf(part);
    if (maker && nameOf(maker) !== undefined) return maker;
  }
  return undefined;
}

/** Rows of one object literal, which is a failure where it has a `code` beside a `message` or a `fix`. */
function rowsOf(object: ts.ObjectLiteralExpression, bindings: Bindings = new Map()): readonly Row[] {
  const code = property(object, 'code', bindings);
  if (!code) return [];
  const maker = bindings.size ? undefined : makerOf(object, bindings);
  const calls = maker ? callsOf(maker) : [];
  if (calls.length) return calls.flatMap((call) => rowsOf(object, call));
  const [message, fix, expected] = ['message', 'fix', 'expected'].map((name) => property(object, name, bindings));
  if (!message && !fix) return [];
  const join = (given: ts.Expression | undefined) => [...new Set(texts(given, bindings))].join(' *or* ');
  const advice = fix ? join(fix) : expected ? `expected: ${join(expected)}` : '';
  return texts(code, bindings).flatMap((name) =>
    /^[a-z][a-z0-9-]*(\*[a-z ]+\*|…)?$/.test(name) ? [{ code: name, message: join(message), fix: advice }] : [],
  );
}

const rows = all.filter(ts.isObjectLiteralExpression).flatMap((object) => rowsOf(object));
const byCode = new Map<string, Row[]>();
for (const row of rows) byCode.set(row.code, [...(byCode.get(row.code) ?? []), row]);

/** Lines of a cell of the table; what only passes a message of others on is left out beside those messages. */
const cell = (lines: readonly string[]): string =>
  [...new Set(lines.filter((line) => line !== ''))]
    .filter(
      (line, _index, unlike) => !line.includes('*message*') || unlike.every((other) => other.includes('*message*')),
    )
    .map((line) => line.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('__', '\\_\\_').replace(/\s+/g, ' '))
    .join('<br>');

const table = [...byCode]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(
    ([code, made]) =>
      `| \`${code}\` | ${cell(made.map(({ message }) => message))} | ${cell(made.map(({ fix }) => fix))} |`,
  );
const text = `# Failure codes

Written by \`npm run build:failures\` from the sources. A message of kdpipe ends with its code in brackets; *words in italics* and …
stand for what a run puts there.

| code | what it says | what to do |
| --- | --- | --- |
${table.join('\n')}
`;
const path = resolve(root, FILE);
if (text !== (await readFile(path, 'utf8').catch(() => ''))) {
  const check = process.argv.includes('--check');
  process.stdout.write(`${check ? 'stale: npm run build:failures writes' : 'written:'} ${FILE}\n`);
  if (check) process.exitCode = 1;
  else await writeFile(path, text);
}
