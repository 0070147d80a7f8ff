/** From configuration to the intake it names, not yet started. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import { EmbeddedBroker } from '../intake/embedded-broker.ts';
import type { Intake } from '../intake/intake.ts';
import { MemoryIntake } from '../intake/memory-intake.ts';
import { MqttIntake } from '../intake/mqtt-intake.ts';
import { type CloudConfig, ConfigError, readText } from './config.ts';

export interface OpenIntake {
  readonly intake: Intake;
  readonly memory?: MemoryIntake;
  readonly broker?: EmbeddedBroker;
  readonly counters: () => Record<string, number>;
}

export interface IntakeDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly verify: (gateway: string, token: string) => Promise<boolean>;
  readonly onTrouble: (event: string, detail: Record<string, unknown>) => void;
  readonly onConnected: () => void;
}

export function openIntake(config: CloudConfig['intake'], dependencies: IntakeDependencies): OpenIntake {
  const { embedded, mqtt } = config;
  if (embedded) {
    const { host, port, tls } = embedded;
    const broker = new EmbeddedBroker({ host, port, ...dependencies, ...(tls && { tls: readTls(tls) }) });
    return { intake: broker, broker, counters: () => ({ ...broker.counters }) };
  }
  if (mqtt) {
    const { passwordFile, caFile, shareGroup, clientId } = mqtt;
    const { url, username, password } = splitCredentials(mqtt.url);
    const name = mqtt.username ?? username;
    const secret =
      passwordFile === undefined
        ? password
        : readText(passwordFile, 'the broker password', 'intake.mqtt.passwordFile names it').trim();
    const intake = new MqttIntake({
      url,
      clientId,
      ...dependencies,
      ...(name !== undefined && { username: name }),
      ...(secret !== undefined && { password: secret }),
      ...(caFile !== undefined && { ca: readBytes(caFile, 'the broker CA') }),
      ...(shareGroup !== undefined && { shareGroup }),
    });
    return { intake, counters: () => ({ ...intake.counters }) };
  }
  const memory = new MemoryIntake();
  return { intake: memory, memory, counters: () => ({}) };
}

/** Certificate and key as bytes. */
export function readTls(tls: { certFile: string; keyFile: string }): { cert: Buffer; key: Buffer } {
  return { cert: readBytes(tls.certFile, 'the certificate'), key: readBytes(tls.keyFile, 'the private key') };
}

/** Credentials in a broker URL, taken out so that the URL can be shown. */
export function splitCredentials(text: string): { url: string; username?: string; password?: string } {
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  return {
    url: username || password ? url.href : text,
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}

function readBytes(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError([`cannot read ${what} ${file} (${reason})`]);
  }
}
