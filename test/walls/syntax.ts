/** Walks a syntax tree once and lists what the walls look at: references to globals, and imports of other forms. */

import { type Node, type Program, visitorKeys } from 'oxc-parser';

export interface ModuleRequest {
  /** Absent when it is computed. */
  readonly specifier: string | undefined;
  readonly start: number;
  /** Names imported, as the other module exports them; `*` for the whole. */
  readonly names: readonly string[];
}

/** A name that is read as a value, with the member taken of it where that is written plainly. */
export interface Reference {
  readonly name: string;
  /** `now` in `Date.now`; absent when the name is used in another way. */
  readonly member: string | undefined;
  readonly start: number;
  readonly parent: Node;
}

export interface References {
  readonly values: readonly Reference[];
  readonly requests: readonly ModuleRequest[];
  /** Members of classes that are not private, `constructor` left out. */
  readonly members: readonly { readonly name: string; readonly start: number }[];
}

/** The globals whose use the walls judge. A file that names none of them, and imports plainly, needs no walk. */
const WATCHED_GLOBALS = [
  ...['Date', 'performance', 'Temporal'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame', 'requestIdleCallback'],
  ...['AbortSignal', 'Atomics', 'scheduler', 'Math', 'crypto', 'process', 'console'],
  ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'BroadcastChannel', 'Worker'],
  ...['window', 'document', 'navigator', 'localStorage', 'sessionStorage'],
  ...['globalThis', 'global', 'self', 'eval', 'Function', 'require'],
] as const;

const WORTH_A_WALK = new RegExp(
  `\\b(?:${WATCHED_GLOBALS.join('|')}|import\\.meta|createRequire|class)\\b|\\bimport\\s*\\(`,
);
const watched: ReadonlySet<string> = new Set(WATCHED_GLOBALS);

/** Everyday words: in a file that gives one to a thing of its own, it means that thing. The others are not to be shadowed. */
const mayBeOurs: ReadonlySet<string> = new Set([
  'window',
  'document',
  'navigator',
  'fetch',
  'scheduler',
  'Worker',
]);

export function references(text: string, program: () => Program): References {
  const values: Reference[] = [];
  const requests: ModuleRequest[] = [];
  const members: { name: string; start: number }[] = [];
  if (!WORTH_A_WALK.test(text)) return { values, requests, members };
  const bound = new Set<string>();
  const visit = (node: Node, parent: Node, key: string, binds: boolean) => {
    if (node.type === 'Identifier' && watched.has(node.name)) {
      if (binds || parent.type.startsWith('Import')) bound.add(node.name);
      else if (isValue(node, parent, key))
        values.push({ name: node.name, member: memberOf(node, parent), start: node.start, parent });
    }
    const member = memberName(node);
    if (member !== undefined) members.push({ name: member, start: node.start });
    const request = requestOf(node);
    if (request !== undefined) requests.push(request);
    for (const childKey of visitorKeys[node.type] ?? []) {
      const child = (node as unknown as Record<string, unknown>)[childKey];
      for (const one of Array.isArray(child) ? child : [child])
        if (isNode(one)) visit(one, node, childKey, bindsThere(node, childKey, binds));
    }
  };
  const root = program();
  visit(root, root, '', false);
  return {
    values: values.filter(({ name }) => !(bound.has(name) && mayBeOurs.has(name))),
    requests,
    members,
  };
}

function memberName(node: Node): string | undefined {
  if (node.type !== 'MethodDefinition' && node.type !== 'PropertyDefinition') return undefined;
  if (node.computed || node.key.type !== 'Identifier' || node.key.name === 'constructor') return undefined;
  return node.key.name;
}

/** Whether what stands at `key` of `node` names a variable: of a declaration, a parameter, or a pattern in one. */
function bindsThere(node: Node, key: string, binds: boolean): boolean {
  const type: string = node.type;
  switch (type) {
    case 'VariableDeclarator':
      return key === 'id';
    case 'CatchClause':
      return key === 'param';
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return key === 'params';
    case 'AssignmentPattern':
      return binds && key === 'left';
    case 'Property':
      return binds && key === 'value';
    case 'ObjectPattern':
    case 'ArrayPattern':
    case 'RestElement':
      return binds && key !== 'typeAnnotation';
    default:
      return false;
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Whether an identifier stands for a value here, not for a type, a member's or a key's name. */
function isValue(node: Node, parent: Node, key: string): boolean {
  const type: string = parent.type;
  const isComputed = 'computed' in parent && parent.computed;
  switch (type) {
    case 'MemberExpression':
      return key === 'object' || isComputed;
    case 'Property':
      return key === 'value' || isComputed;
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
    case 'TSAbstractMethodDefinition':
    case 'TSAbstractPropertyDefinition':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
      return key === 'value' || (key === 'key' && isComputed);
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
    case 'ExportSpecifier':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return false;
    default:
      return !type.startsWith('TS') || isExpressionOf(parent, node);
  }
}

/** `x as T`, `x!`, `x satisfies T` carry a value; `typeof x` in a type and `extends X` of an interface do not. */
const isExpressionOf = (parent: Node, node: Node): boolean =>
  !/^TS(?:ClassImplements|InterfaceHeritage)$/.test(parent.type) &&
  'expression' in parent &&
  (parent as { expression: unknown }).expression === node;

function memberOf(node: Node, parent: Node): string | undefined {
  if (parent.type !== 'MemberExpression' || parent.object !== node) return undefined;
  if (!parent.computed && parent.property.type === 'Identifier') return parent.property.name;
  if (parent.computed && parent.property.type === 'Literal') return String(parent.property.value);
  return undefined;
}

/** `import()`, `import('…')` in a type, `new URL('…', import.meta.url)`, `import.meta.resolve` and `.glob`, `require`. */
function requestOf(node: Node): ModuleRequest | undefined {
  if (node.type === 'ImportExpression') return requested(node.source, node.start);
  if (node.type === 'TSImportType') return requested(node.source, node.start);
  if (node.type === 'NewExpression' && isName(node.callee, 'URL') && isMetaUrl(node.arguments[1]))
    return fileWithCode(node.arguments[0], node.start);
  if (node.type !== 'CallExpression') return undefined;
  if (isName(node.callee, 'require')) return requested(node.arguments[0], node.start);
  if (node.callee.type === 'MemberExpression' && isMeta(node.callee.object))
    return requested(node.arguments[0], node.start);
  return undefined;
}

function requested(source: Node | undefined, start: number): ModuleRequest {
  return { specifier: textOf(source), start, names: ['*'] };
}

/** A URL beside this module may name a page or a sample as well: it is an import when it names a source file. */
function fileWithCode(source: Node | undefined, start: number): ModuleRequest | undefined {
  const path = textOf(source);
  if (path === undefined) return { specifier: undefined, start, names: ['*'] };
  if (!/\.(?:ts|tsx|mts|mjs|js)$/.test(path)) return undefined;
  return { specifier: path.startsWith('.') ? path : `./${path}`, start, names: ['*'] };
}

/** What is computed within a template may be anything: a pattern. */
function textOf(source: Node | undefined): string | undefined {
  if (source?.type === 'Literal' && typeof source.value === 'string') return source.value;
  if (source?.type === 'TemplateLiteral') return source.quasis.map(({ value }) => value.cooked).join('*');
  return undefined;
}

const isName = (node: Node, name: string) => node.type === 'Identifier' && node.name === name;
const isMeta = (node: Node) => node.type === 'MetaProperty' && node.meta.name === 'import';
const isMetaUrl = (node: Node | undefined) =>
  node?.type === 'MemberExpression' && isMeta(node.object) && isName(node.property, 'url');
