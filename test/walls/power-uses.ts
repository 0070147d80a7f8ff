/** Which references and imports use a power. What is harmless of a global is listed; all else of it counts. Pure. */

import type { Power } from './room.ts';
import type { ModuleRequest, Reference, References } from './syntax.ts';

interface Use {
  readonly power: Power;
  readonly start: number;
  readonly what: string;
}

const timer: GlobalRule = { power: 'timers', harmless: [] };
const network: GlobalRule = { power: 'network', harmless: [] };
const page: GlobalRule = { power: 'page', harmless: [] };
const globals: GlobalRule = { power: 'globals', harmless: [] };

interface GlobalRule {
  readonly power: Power;
  /** Members that need no power. */
  readonly harmless: readonly string[] | 'all but these';
  readonly harmful?: readonly string[];
}

const GLOBAL_RULES: Readonly<Record<string, GlobalRule>> = {
  Date: { power: 'clock', harmless: ['parse', 'UTC', 'prototype'] },
  Temporal: { power: 'clock', harmless: 'all but these', harmful: ['Now'] },
  performance: { power: 'clock', harmless: [] },
  setTimeout: timer,
  setInterval: timer,
  setImmediate: timer,
  requestAnimationFrame: timer,
  requestIdleCallback: timer,
  scheduler: timer,
  AbortSignal: { power: 'timers', harmless: ['abort', 'any'] },
  Atomics: { power: 'timers', harmless: 'all but these', harmful: ['wait', 'waitAsync'] },
  Math: { power: 'chance', harmless: 'all but these', harmful: ['random'] },
  crypto: { power: 'chance', harmless: ['subtle'] },
  console: { power: 'console', harmless: [] },
  fetch: network,
  WebSocket: network,
  EventSource: network,
  XMLHttpRequest: network,
  BroadcastChannel: network,
  Worker: { power: 'process', harmless: [] },
  window: page,
  document: page,
  navigator: page,
  localStorage: page,
  sessionStorage: page,
  globalThis: globals,
  global: globals,
  self: globals,
  eval: globals,
  Function: globals,
};

/** Powers that come with names of built-in modules. `*` stands for any name, the whole module included. */
const BUILTIN_POWERS: Readonly<Record<string, readonly { readonly power: Power; readonly names: RegExp }[]>> =
  {
    'node:timers': [{ power: 'timers', names: /./ }],
    'node:timers/promises': [{ power: 'timers', names: /./ }],
    'node:perf_hooks': [{ power: 'clock', names: /./ }],
    'node:process': [{ power: 'process', names: /./ }],
    'node:console': [{ power: 'console', names: /./ }],
    'node:vm': [{ power: 'globals', names: /./ }],
    'node:crypto': [
      {
        power: 'chance',
        names: /^(\*|default|random|getRandom|generateKey|generatePrime|webcrypto|crypto$)/,
      },
    ],
  };

export function powerUses({ values }: References, requests: readonly ModuleRequest[]): Use[] {
  return [...values.flatMap(usesOf), ...requests.flatMap(importedPowers)];
}

function usesOf(reference: Reference): Use[] {
  const { name, member, start } = reference;
  const what = member === undefined ? name : `${name}.${member}`;
  if (name === 'process') return [{ power: member === 'env' ? 'environment' : 'process', start, what }];
  const rule = GLOBAL_RULES[name];
  if (rule === undefined || isHarmless(rule, reference)) return [];
  return [{ power: rule.power, start, what }];
}

function isHarmless(rule: GlobalRule, { name, member, parent }: Reference): boolean {
  if (name === 'Date' && parent.type === 'NewExpression') return parent.arguments.length > 0;
  if (parent.type === 'BinaryExpression' && parent.operator === 'instanceof') return true;
  if (member === undefined) return false;
  return rule.harmless === 'all but these' ? !rule.harmful?.includes(member) : rule.harmless.includes(member);
}

function importedPowers({ specifier, start, names }: ModuleRequest): Use[] {
  const module = specifier === undefined || specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  return (BUILTIN_POWERS[module ?? ''] ?? []).flatMap(({ power, names: pattern }) =>
    names
      .filter((name) => pattern.test(name))
      .map((name) => ({ power, start, what: `${name} of ${module}` })),
  );
}
