/** The site's own brokers that gateway.yaml names, ready to be started. */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { createSiteBroker, type SiteBroker } from '../../transports/site-broker/site-broker.ts';
import type { SiteBrokerOptions } from '../../transports/site-broker/site-broker-options.ts';
import { type BrokerConfig, brokerClientId, sessionExpirySeconds } from '../config/brokers-config.ts';
import { type GatewayConfig, readText } from '../config/config.ts';
import { keepFresh } from '../config/fresh-files.ts';
import { readTls } from '../config/tls-files.ts';
import { backoffDelayMs } from './backoff.ts';

/** AWS IoT takes one connect a second from a client. */
const PAUSES = { firstMs: 2_000, maxMs: 60_000 };

export function createSiteBrokers(
  config: GatewayConfig,
  clock: Clock,
  random: Random,
): ReadonlyMap<string, SiteBroker> {
  const create = ([name, broker]: [string, BrokerConfig]): [string, SiteBroker] => {
    const clientId = brokerClientId(config.gateway.id, name, broker);
    return [name, createSiteBroker(optionsOf(name, clientId, broker, clock, random))];
  };
  return new Map(Object.entries(config.brokers).map(create));
}

function optionsOf(
  name: string,
  clientId: string,
  broker: BrokerConfig,
  clock: Clock,
  random: Random,
): SiteBrokerOptions {
  const { url, protocolVersion, keepaliveSeconds, qos, username, passwordFile } = broker;
  const tls = readTls(broker);
  const readPassword = () => readText(passwordFile ?? '', `the password for broker ${name}`).trim();
  const options: SiteBrokerOptions = {
    name,
    url,
    clientId,
    protocolVersion,
    keepaliveSeconds,
    qos,
    sessionExpirySeconds: sessionExpirySeconds(broker),
    clock,
    random,
    pauseMs: (failures) => backoffDelayMs(PAUSES, failures, random),
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: readPassword() }),
    ...(tls === undefined ? {} : { tls }),
  };
  if (tls !== undefined) keepFresh(options, 'tls', () => readTls(broker) ?? tls);
  if (passwordFile !== undefined) keepFresh(options, 'password', readPassword);
  return options;
}
