/** The uplink that gateway.yaml asks for; undefined when there is none (a gateway on its own keeps everything). */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import { createMqttUplink } from '../uplink/mqtt-uplink.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { ConfigError, type GatewayConfig, readText } from './config.ts';

export function createConfiguredUplink(
  config: GatewayConfig,
  clock: Clock,
  random: Random,
  givenPassword?: string,
): Uplink | undefined {
  const { uplink } = config;
  if (uplink === undefined) return undefined;
  const ca = pem(uplink.caFile);
  const cert = pem(uplink.certFile);
  const key = pem(uplink.keyFile);
  const files = [uplink.caFile, uplink.certFile, uplink.keyFile].filter((file) => file !== undefined);
  try {
    if (files.length > 0) createSecureContext({ ca, cert, key });
  } catch (error) {
    throw new ConfigError([`cannot use ${files.join(', ')} for TLS: ${(error as Error).message}`]);
  }
  const password =
    givenPassword ??
    (uplink.passwordFile === undefined
      ? undefined
      : readText(uplink.passwordFile, 'the uplink password').trim());
  const username = uplink.username ?? (password === undefined ? undefined : config.gateway.id);
  return createMqttUplink({
    gateway: config.gateway.id,
    url: uplink.url,
    clock,
    random,
    protocolVersion: uplink.protocolVersion,
    ...(password === undefined ? {} : { password }),
    ...(username === undefined ? {} : { username }),
    ...(ca === undefined && cert === undefined && key === undefined
      ? {}
      : {
          tls: {
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
          },
        }),
  });
}

function pem(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError([`cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? error}`]);
  }
}
