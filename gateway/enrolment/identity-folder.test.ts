import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnrolmentError } from './enrolment-error.ts';
import {
  type Identity,
  installIdentity,
  readIdentity,
  readPendingKey,
  writePendingKey,
} from './identity-folder.ts';

const NOW = Date.UTC(2026, 5, 1);
const whole = (name: string): Identity => ({
  facts: { v: 1, gateway: 'gw-1', cloudUrl: 'https://cloud.example', installedAt: NOW },
  token: `token ${name}`,
  keyPem: `key ${name}`,
  certificatePem: `certificate ${name}`,
  caPem: `ca ${name}`,
  cloudCaPem: `cloud ca ${name}`,
});

class PowerCut extends Error {}

describe('the identity folder', () => {
  let dir: string;
  beforeEach(() => {
    dir = join(mkdtempSync(join(tmpdir(), 'tallyport-identity-')), 'identity');
  });
  afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

  const steps: string[] = [];
  const cutAfter = (count: number) => {
    let left = count;
    return () => {
      left -= 1;
      if (left === 0) throw new PowerCut();
    };
  };

  it('gives back what was put in force, and lets nobody else read it', () => {
    expect(readIdentity(dir)).toBeUndefined();
    installIdentity(dir, whole('one'), NOW, (step) => steps.push(step));
    expect(readIdentity(dir)).toEqual(whole('one'));
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const current = join(dir, 'current/');
    expect(statSync(current).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(current)) {
      expect([name, statSync(join(current, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  it('cut after any step holds the old identity or the new one, whole, and takes the next', () => {
    installIdentity(dir, whole('old'), NOW);
    let count = 0;
    for (;;) {
      count += 1;
      const before = readIdentity(dir);
      const next = whole(`new ${count}`);
      try {
        installIdentity(dir, next, NOW, cutAfter(count));
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(PowerCut);
      }
      expect([before, next]).toContainEqual(readIdentity(dir));
    }
    expect(count).toBeGreaterThan(8);
    expect(readIdentity(dir)).toEqual(whole(`new ${count}`));
  });

  it('keeps one version, and clears away what cuts left once it is old', () => {
    for (const name of ['one', 'two', 'three']) installIdentity(dir, whole(name), NOW);
    expect(readdirSync(dir)).toHaveLength(2);
    for (let at = 1; at < 5; at++)
      expect(() => installIdentity(dir, whole('x'), NOW, cutAfter(at))).toThrow();
    mkdirSync(join(dir, 'notes'));
    const later = Date.now() + 2 * 3_600_000;
    installIdentity(dir, whole('four'), later);
    expect(readdirSync(dir).filter((name) => name !== 'notes')).toHaveLength(2);
    expect(readdirSync(dir)).toContain('notes');
  });

  it('leaves what another process may be writing just now', () => {
    installIdentity(dir, whole('one'), NOW);
    const theirs = join(dir, 'v-0badcafe.tmp');
    mkdirSync(theirs);
    const modified = new Date(NOW - 60_000);
    utimesSync(theirs, modified, modified);
    installIdentity(dir, whole('two'), NOW);
    expect(readdirSync(dir)).toContain('v-0badcafe.tmp');
  });

  it('that is damaged or cannot be written says what to do', () => {
    installIdentity(dir, whole('one'), NOW);
    writeFileSync(join(dir, 'current', 'identity.json'), '{"v":1');
    expect(() => readIdentity(dir)).toThrow(EnrolmentError);
    expect(() => readIdentity(dir)).toThrow(/enrol again/);
    writeFileSync(join(dir, 'file'), '');
    expect(() => installIdentity(join(dir, 'file', 'x'), whole('one'), NOW)).toThrow(EnrolmentError);
  });

  it('keeps the key of an open request apart', () => {
    expect(readPendingKey(dir)).toBeUndefined();
    writePendingKey(dir, 'a key');
    expect(readPendingKey(dir)).toBe('a key');
    expect(statSync(join(dir, 'pending', 'key.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, 'pending', 'key.pem'), 'utf8')).toBe('a key');
    expect(readIdentity(dir)).toBeUndefined();
  });
});
