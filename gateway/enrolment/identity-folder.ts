/**
 * The folder that holds who this gateway is: token, key, certificate, and whom to believe. Its files belong together,
 * so they change together: each version is a folder of its own, written and synced in full, and `current` is a
 * symbolic link that is renamed over the old one. A power cut at any point leaves the old version or the new one.
 *
 *     identity/current -> v-1a2b3c4d     identity.json, token, key.pem, certificate.pem, ca.pem, cloud-ca.pem
 *     identity/pending/key.pem           the key of a request that some other authority signs
 *
 * Only the gateway's user may read any of it (folders 0700, files 0600).
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { EnrolmentError } from './enrolment-error.ts';

const factsSchema = z.object({
  v: z.literal(1),
  gateway: z.string(),
  /** Where it was given; undefined for an identity from somewhere else. */
  cloudUrl: z.string().optional(),
  /** Plain HTTP beyond this machine was asked for by name. */
  insecureHttp: z.boolean().optional(),
  installedAt: z.int(),
});
type IdentityFacts = z.infer<typeof factsSchema>;

export interface Identity {
  readonly facts: IdentityFacts;
  readonly token?: string | undefined;
  /** PKCS #8, PEM. */
  readonly keyPem?: string | undefined;
  readonly certificatePem?: string | undefined;
  /** Whom to believe at the far end of the uplink. */
  readonly caPem?: string | undefined;
  /** Whom to believe when renewing. */
  readonly cloudCaPem?: string | undefined;
}

export const IDENTITY_FILES = {
  token: 'token',
  keyPem: 'key.pem',
  certificatePem: 'certificate.pem',
  caPem: 'ca.pem',
  cloudCaPem: 'cloud-ca.pem',
} as const satisfies Partial<Record<keyof Identity, string>>;
const FACTS_FILE = 'identity.json';
const CURRENT = 'current';
const VERSION = /^v-[0-9a-f]{8}(\.tmp)?$/;
/** What is younger may be the work of another process. */
const LEFTOVER_AGE_MS = 3_600_000;

/** Called after each step that a power cut may follow; tests cut there. */
export type OnStep = (step: string) => void;

/** The version in force; undefined when there is none. */
export function readIdentity(dir: string): Identity | undefined {
  const folder = join(dir, CURRENT);
  const text = readIfThere(join(folder, FACTS_FILE));
  if (text === undefined) return undefined;
  const facts = factsSchema.safeParse(parseJson(text));
  if (!facts.success) {
    throw new EnrolmentError(
      `${join(folder, FACTS_FILE)} is damaged: enrol again with a new code and --renew`,
    );
  }
  const parts: Partial<Record<keyof typeof IDENTITY_FILES, string>> = {};
  for (const [part, file] of Object.entries(IDENTITY_FILES)) {
    const content = readIfThere(join(folder, file));
    if (content !== undefined) parts[part as keyof typeof IDENTITY_FILES] = content;
  }
  return { facts: facts.data, ...parts, ...(parts.token !== undefined && { token: parts.token.trim() }) };
}

/** Puts this identity in force, all of it at once, durably. `now` is for clearing away what cuts left behind. */
export function installIdentity(
  dir: string,
  identity: Identity,
  now: number,
  onStep: OnStep = () => {},
): void {
  try {
    makePrivateFolder(dir);
    const name = `v-${randomBytes(4).toString('hex')}`;
    const building = join(dir, `${name}.tmp`);
    mkdirSync(building, { mode: 0o700 });
    onStep('folder made');
    writePrivate(join(building, FACTS_FILE), `${JSON.stringify(identity.facts, null, 2)}\n`);
    onStep('facts written');
    for (const [part, file] of Object.entries(IDENTITY_FILES)) {
      const content = identity[part as keyof typeof IDENTITY_FILES];
      if (content === undefined) continue;
      writePrivate(join(building, file), content);
      onStep(`${file} written`);
    }
    syncFolder(building);
    renameSync(building, join(dir, name));
    syncFolder(dir);
    onStep('version complete');
    const before = currentVersion(dir);
    const link = join(dir, `${CURRENT}.${name}`);
    symlinkSync(name, link);
    onStep('link made');
    renameSync(link, join(dir, CURRENT));
    onStep('link renamed');
    syncFolder(dir);
    onStep('in force');
    clearAway(dir, name, before, now);
    onStep('cleared away');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new EnrolmentError(
      `cannot write the identity in ${dir} (${error.code}): make it a folder of ours`,
      {
        cause: error,
      },
    );
  }
}

/** The key of a request that was handed out and not answered yet. */
export function readPendingKey(dir: string): string | undefined {
  return readIfThere(join(dir, 'pending', 'key.pem'));
}

export function writePendingKey(dir: string, keyPem: string): void {
  makePrivateFolder(dir);
  const pending = join(dir, 'pending');
  makePrivateFolder(pending);
  const file = join(pending, 'key.pem');
  writePrivate(`${file}.tmp`, keyPem);
  renameSync(`${file}.tmp`, file);
  syncFolder(pending);
  syncFolder(dir);
}

export function dropPendingKey(dir: string): void {
  rmSync(join(dir, 'pending'), { recursive: true, force: true });
}

function makePrivateFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
}

function writePrivate(file: string, content: string): void {
  const handle = openSync(file, 'w', 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncFolder(dir: string): void {
  const handle = openSync(dir, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function currentVersion(dir: string): string | undefined {
  try {
    return readlinkSync(join(dir, CURRENT));
  } catch {
    return undefined;
  }
}

/** The version before, and what cuts have left; a version that another process is just writing is younger. */
function clearAway(dir: string, kept: string, before: string | undefined, now: number): void {
  for (const name of readdirSync(dir)) {
    const leftover = VERSION.test(name) || name.startsWith(`${CURRENT}.`);
    if (!leftover || name === kept) continue;
    const path = join(dir, name);
    if (name === before || now - modifiedAt(path) > LEFTOVER_AGE_MS) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    const reason = isSystemError(error) ? error.code : String(error);
    throw new EnrolmentError(`cannot read ${file} (${reason}): run as the gateway's own user`, {
      cause: error,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && typeof Reflect.get(error, 'code') === 'string';
}
