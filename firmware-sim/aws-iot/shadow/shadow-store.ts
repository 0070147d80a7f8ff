/**
 * All shadows of all things: versions, conflicts, sizes, rates. Errors are those of the service ("Device Shadow
 * error messages" of the developer guide). A deleted shadow's version goes on where it stood when it is made anew.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';
import { AwsError, conflict, invalidRequest, notFound, throttled, tooLarge } from '../service/aws-error.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import { SlidingSeconds } from '../service/rates.ts';
import {
  applyUpdate,
  deltaOf,
  depthOf,
  isObject,
  type Json,
  type JsonObject,
  metadataOf,
  type ShadowDocument,
  type ShadowUpdate,
} from './shadow-document.ts';

/** Shadows held, deleted ones counted; a stand-in for a site, not for a continent. */
const MAX_SHADOWS = 20_000;
const THING_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;
const SHADOW_NAME = /^[$a-zA-Z0-9:_-]{1,64}$/;
const LONGEST_CLIENT_TOKEN_BYTES = 64;

export interface ShadowId {
  readonly thing: string;
  /** Undefined for the classic shadow. */
  readonly shadow?: string | undefined;
}

/** Bodies as they go out, to the caller and onto the reserved topics. */
export interface UpdateOutcome {
  readonly accepted: JsonObject;
  readonly delta: JsonObject | undefined;
  readonly documents: JsonObject;
}

interface StoredShadow {
  document: ShadowDocument | undefined;
  version: number;
}

interface ParsedUpdate {
  readonly update: ShadowUpdate;
  readonly version: number | undefined;
  readonly clientToken: string | undefined;
}

export class ShadowStore {
  readonly #clock: Clock;
  readonly #quotas: Quotas;
  readonly #counters: AwsCounters;
  readonly #rates: SlidingSeconds;
  readonly #entries = new Map<string, StoredShadow>();

  constructor(clock: Clock, quotas: Quotas, counters: AwsCounters) {
    this.#clock = clock;
    this.#quotas = quotas;
    this.#counters = counters;
    this.#rates = new SlidingSeconds(quotas.shadowRequestsPerSecondPerThing, clock);
  }

  get(id: ShadowId): JsonObject {
    const document = this.#existing(this.#admit(id), id);
    const delta = deltaOf(document.state);
    return {
      state: { ...document.state, ...(delta !== undefined && { delta }) } as JsonObject,
      metadata: document.metadata as JsonObject,
      version: document.version,
      timestamp: document.timestamp,
    };
  }

  update(id: ShadowId, payload: Uint8Array): UpdateOutcome {
    const key = this.#admit(id);
    const { update, version, clientToken } = this.#parse(payload);
    const entry = this.#entries.get(key);
    if (version !== undefined && version !== (entry?.version ?? 0)) throw conflict('Version conflict');
    if (entry === undefined && this.#entries.size >= MAX_SHADOWS) {
      throw new AwsError(
        'InternalFailureException',
        500,
        `the stand-in holds at most ${MAX_SHADOWS} shadows`,
      );
    }
    const seconds = Math.floor(this.#clock.now() / 1000);
    const before = entry?.document;
    const current = applyUpdate(before, update, { version: (entry?.version ?? 0) + 1, seconds });
    if (Buffer.byteLength(JSON.stringify(current.state)) > this.#quotas.shadowBytes) {
      throw tooLarge('The payload exceeds the maximum size allowed');
    }
    this.#entries.set(key, { document: current, version: current.version });
    const token = clientToken === undefined ? {} : { clientToken };
    const stamp = { version: current.version, timestamp: seconds };
    const delta = deltaOf(current.state);
    return {
      accepted: { state: update as JsonObject, metadata: touched(update, current), ...stamp, ...token },
      delta:
        delta === undefined
          ? undefined
          : {
              ...stamp,
              state: delta,
              metadata: metadataOf(delta, current.metadata.desired ?? {}),
              ...token,
            },
      documents: {
        ...(before !== undefined && { previous: asJson(before) }),
        current: asJson(current),
        timestamp: seconds,
        ...token,
      },
    };
  }

  delete(id: ShadowId): JsonObject {
    const key = this.#admit(id);
    const { version } = this.#existing(key, id);
    this.#entries.set(key, { document: undefined, version });
    return { version, timestamp: Math.floor(this.#clock.now() / 1000) };
  }

  /** Names of the thing's named shadows, sorted; a page of them and where the next begins. */
  names(thing: string, pageSize: number, after: string | undefined): { results: string[]; next?: string } {
    const prefix = this.#admit({ thing, shadow: 'any' }).slice(0, -'any'.length);
    const all = [...this.#entries]
      .filter(([key, { document }]) => key.startsWith(prefix) && document !== undefined)
      .map(([key]) => key.slice(prefix.length))
      .filter((name) => name !== '' && (after === undefined || name > after))
      .toSorted();
    const results = all.slice(0, pageSize);
    const last = results.at(-1);
    return all.length > results.length && last !== undefined ? { results, next: last } : { results };
  }

  #admit({ thing, shadow }: ShadowId): string {
    if (!THING_NAME.test(thing)) throw invalidRequest('Invalid thing name');
    if (shadow !== undefined && !SHADOW_NAME.test(shadow)) throw invalidRequest('Invalid shadow name');
    this.#counters.shadowRequests += 1;
    if (!this.#rates.tryTake(thing)) {
      this.#counters.shadowThrottled += 1;
      throw throttled('Too many requests');
    }
    return `${thing}/${shadow ?? ''}`;
  }

  #existing(key: string, { shadow }: ShadowId): ShadowDocument {
    const document = this.#entries.get(key)?.document;
    if (document !== undefined) return document;
    throw notFound(shadow === undefined ? 'No shadow exists' : `No shadow exists with name: '${shadow}'`);
  }

  #parse(payload: Uint8Array): ParsedUpdate {
    if (payload.length > this.#quotas.shadowBytes) {
      throw tooLarge('The payload exceeds the maximum size allowed');
    }
    const body = parseJson(payload);
    if (!isObject(body)) throw invalidRequest('Invalid JSON');
    const { state, version, clientToken } = body;
    if (state === undefined) throw invalidRequest('Missing required node: state');
    if (!isObject(state)) throw invalidRequest('State node must be an object');
    if (depthOf(body) > this.#quotas.shadowDepth) {
      const inner = this.#quotas.shadowDepth - 2;
      throw invalidRequest(`JSON contains too many levels of nesting; maximum is ${inner}`);
    }
    if (Object.keys(state).some((key) => key !== 'desired' && key !== 'reported')) {
      throw invalidRequest('State contains an invalid node');
    }
    if (version !== undefined && (typeof version !== 'number' || !Number.isSafeInteger(version))) {
      throw invalidRequest('Invalid version');
    }
    if (clientToken !== undefined && !isClientToken(clientToken)) throw invalidRequest('Invalid clientToken');
    return {
      update: {
        ...section('desired', 'Desired', state),
        ...section('reported', 'Reported', state),
      },
      version,
      clientToken,
    };
  }
}

function section(name: 'desired' | 'reported', title: string, state: JsonObject): ShadowUpdate {
  const value = state[name];
  if (value === undefined) return {};
  if (value !== null && !isObject(value)) throw invalidRequest(`${title} node must be an object`);
  return { [name]: value };
}

function isClientToken(value: Json): value is string {
  return typeof value === 'string' && Buffer.byteLength(value) <= LONGEST_CLIENT_TOKEN_BYTES;
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidRequest('Invalid JSON');
    throw new AwsError(
      'UnsupportedDocumentEncodingException',
      415,
      'Unsupported documented encoding; supported encoding is UTF-8',
    );
  }
}

/** The times of what an update set. */
function touched(update: ShadowUpdate, { metadata }: ShadowDocument): JsonObject {
  const times: JsonObject = {};
  for (const name of ['desired', 'reported'] as const) {
    const change = update[name];
    if (change) times[name] = metadataOf(change, metadata[name] ?? {});
  }
  return times;
}

function asJson({ state, metadata, version }: ShadowDocument): JsonObject {
  return { state: state as JsonObject, metadata: metadata as JsonObject, version };
}
