/**
 * From configuration to the intakes it names, not yet started. A cloud may have several at once: each gateway uses
 * the one it can reach, and all of them lead to one ingest. An intake is one entry in `open…` and one line below.
 */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import { EmbeddedBroker } from '../intake/embedded/embedded-broker.ts';
import { HttpsIntake } from '../intake/https/https-intake.ts';
import type { Intake } from '../intake/intake.ts';
import { JetStreamIntake } from '../intake/jetstream/jetstream-intake.ts';
import { MemoryIntake } from '../intake/memory-intake.ts';
import { MqttIntake } from '../intake/mqtt/mqtt-intake.ts';
import { openAws } from './aws-config.ts';
import { type CloudConfig, ConfigError, readText } from './config.ts';

type IntakeConfig = CloudConfig['intake'];

/** An adapter and its figures. */
type CountedIntake = Intake & { readonly counters: object };

interface OpenIntake {
  /** All of them as one. */
  readonly intake: Intake;
  readonly memory?: MemoryIntake;
  readonly broker?: EmbeddedBroker;
  readonly https?: HttpsIntake;
  /** Summed over the intakes. */
  readonly counters: () => Record<string, number>;
}

interface IntakeDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly verify: (gateway: string, token: string) => Promise<boolean>;
  readonly onTrouble: (event: string, detail: Record<string, unknown>) => void;
  readonly onConnected: () => void;
}

export function openIntake(config: IntakeConfig, dependencies: IntakeDependencies): OpenIntake {
  const { embedded, mqtt, jetstream, aws } = config;
  const memory = config.memory && new MemoryIntake();
  const broker = embedded && openEmbedded(embedded, dependencies);
  const https = config.https === false ? undefined : new HttpsIntake({ ...dependencies, ...config.https });
  const all: (CountedIntake | MemoryIntake | undefined)[] = [
    broker,
    mqtt && openMqtt(mqtt, dependencies),
    jetstream && openJetStream(jetstream, dependencies),
    aws && openAws(aws, dependencies),
    memory,
    https,
  ];
  const intakes = all.filter((one) => one !== undefined);
  return {
    intake: together(intakes),
    ...(memory && { memory }),
    ...(broker && { broker }),
    ...(https && { https }),
    counters: () => sumOf(intakes.map((one) => ('counters' in one ? one.counters : {}))),
  };
}

/** Starts in order, closes in reverse; one that cannot start takes the others down with it. */
export function together(intakes: readonly Intake[]): Intake {
  const close = async () => {
    for (const intake of intakes.toReversed()) await intake.close();
  };
  return {
    get state() {
      return intakes.map((intake) => intake.state).join('; ');
    },
    async start(handlers) {
      try {
        for (const intake of intakes) await intake.start(handlers);
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}

export function sumOf(counters: readonly object[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, value] of counters.flatMap((one) => Object.entries(one) as [string, number][])) {
    sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

function openEmbedded(
  { host, port, tls }: NonNullable<IntakeConfig['embedded']>,
  dependencies: IntakeDependencies,
): EmbeddedBroker {
  return new EmbeddedBroker({ host, port, ...dependencies, ...(tls && { tls: readTls(tls) }) });
}

const CLIENT_ID = 'tallyport-cloud';

function openMqtt(config: NonNullable<IntakeConfig['mqtt']>, dependencies: IntakeDependencies): MqttIntake {
  const { passwordFile, caFile, shareGroup } = config;
  const { url, username, password } = splitCredentials(config.url);
  const name = config.username ?? username;
  const secret =
    passwordFile === undefined
      ? password
      : readText(passwordFile, 'the broker password', 'intake.mqtt.passwordFile names it').trim();
  return new MqttIntake({
    url,
    clientId: mqttClientId(config, dependencies.random),
    ...dependencies,
    ...(name !== undefined && { username: name }),
    ...(secret !== undefined && { password: secret }),
    ...(caFile !== undefined && { ca: readBytes(caFile, 'the broker CA') }),
    ...(shareGroup !== undefined && { shareGroup }),
  });
}

function openJetStream(
  config: NonNullable<IntakeConfig['jetstream']>,
  dependencies: IntakeDependencies,
): JetStreamIntake {
  const { url, stream, durable, maxBytes, replicas, username } = config;
  const { passwordFile, tokenFile, credentialsFile, caFile } = config;
  const secret = (file: string, what: string, setting: string) =>
    readText(file, what, `intake.jetstream.${setting} names it`).trim();
  return new JetStreamIntake({
    ...{ url, stream, durable, maxBytes, replicas },
    ...dependencies,
    ...(username !== undefined && { username }),
    ...(passwordFile !== undefined && {
      password: secret(passwordFile, 'the NATS password', 'passwordFile'),
    }),
    ...(tokenFile !== undefined && { token: secret(tokenFile, 'the NATS token', 'tokenFile') }),
    ...(credentialsFile !== undefined && {
      credentials: readBytes(credentialsFile, 'the NATS credentials'),
    }),
    ...(caFile !== undefined && { ca: readBytes(caFile, 'the broker CA') }),
  });
}

/** A broker ends the older of two connections with one id: clouds that share the load need an id each. */
export function mqttClientId(
  { clientId, shareGroup }: { clientId?: string | undefined; shareGroup?: string | undefined },
  random: Random,
): string {
  return clientId ?? (shareGroup === undefined ? CLIENT_ID : `${CLIENT_ID}-${randomEnding(random)}`);
}

function randomEnding(random: Random): string {
  return Array.from({ length: 8 }, () => Math.floor(random.next() * 36).toString(36)).join('');
}

/** Certificate and key as bytes. */
export function readTls(tls: { certFile: string; keyFile: string }): { cert: Buffer; key: Buffer } {
  return { cert: readBytes(tls.certFile, 'the certificate'), key: readBytes(tls.keyFile, 'the private key') };
}

/** Credentials in a broker URL, taken out so that the URL can be shown. */
function splitCredentials(text: string): { url: string; username?: string; password?: string } {
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
