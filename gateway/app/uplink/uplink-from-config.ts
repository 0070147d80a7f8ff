/** The uplink that gateway.yaml asks for; undefined when there is none (a gateway on its own keeps everything). */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { type AwsCredentials, deviceCredentials } from '../../uplink/aws/aws-device-credentials.ts';
import { createAwsHttpsUplink } from '../../uplink/aws/aws-https-uplink.ts';
import { createAwsMqttUplink } from '../../uplink/aws/aws-mqtt-uplink.ts';
import { createFallbackUplink } from '../../uplink/fallback-uplink.ts';
import { AWS_IOT_OPTIONS, type ForwarderOptions } from '../../uplink/forwarder/forwarder-options.ts';
import { createHttpsUplink, type HttpsUplinkOptions } from '../../uplink/https/https-uplink.ts';
import { createMqttUplink, type MqttUplinkOptions } from '../../uplink/mqtt/mqtt-uplink.ts';
import type { Uplink } from '../../uplink/uplink.ts';
import { type GatewayConfig, readText } from '../config/config.ts';
import { keepFresh } from '../config/fresh-files.ts';
import { readTls } from '../config/tls-files.ts';
import { awsRegion, isHttp, type UplinkConfig } from '../config/uplink-config.ts';

interface UplinkPorts {
  readonly gateway: string;
  readonly clock: Clock;
  readonly random: Random;
}
type AwsConfig = NonNullable<UplinkConfig['aws']>;

export function createConfiguredUplink(
  config: GatewayConfig,
  clock: Clock,
  random: Random,
  givenPassword?: string,
): Uplink | undefined {
  const { uplink } = config;
  if (uplink === undefined) return undefined;
  const around: UplinkPorts = { gateway: config.gateway.id, clock, random };
  const first = uplink.aws === undefined ? byUrl(uplink, around, givenPassword) : byAws(uplink.aws, around);
  const { fallback } = uplink;
  if (fallback === undefined) return first;
  const tls = readTls(fallback);
  const options: HttpsUplinkOptions = {
    ...around,
    url: fallback.url,
    token: readToken(fallback.tokenFile),
    proxyFromEnvironment: fallback.proxyFromEnvironment,
    ...(tls === undefined ? {} : { tls }),
  };
  const second = createHttpsUplink(keepFresh(options, 'token', () => readToken(fallback.tokenFile)));
  return withFallback(first, second, fallback, clock);
}

/** The pacing that this uplink needs. */
export function forwarderOptions(config: GatewayConfig): ForwarderOptions {
  const { uplink } = config;
  if (uplink === undefined) return {};
  const { publishesPerSecond, bytesPerSecond } = uplink.pace ?? {};
  const base: ForwarderOptions = uplink.aws === undefined ? {} : AWS_IOT_OPTIONS;
  return {
    ...base,
    publishesPerSecond: publishesPerSecond ?? base.publishesPerSecond,
    bytesPerSecond: bytesPerSecond ?? base.bytesPerSecond,
  };
}

function byUrl(uplink: UplinkConfig, around: UplinkPorts, givenPassword: string | undefined): Uplink {
  const url = uplink.url ?? '';
  const tls = readTls(uplink);
  const secretFile = uplink.tokenFile ?? uplink.passwordFile;
  const given = givenPassword === undefined && secretFile !== undefined;
  const readSecret = () => readToken(secretFile ?? '');
  const password = given ? readSecret() : givenPassword;
  if (isHttp(url)) {
    const options: HttpsUplinkOptions = {
      ...around,
      url,
      token: password ?? '',
      proxyFromEnvironment: uplink.proxyFromEnvironment,
      ...(tls === undefined ? {} : { tls }),
    };
    if (given) keepFresh(options, 'token', readSecret);
    if (tls !== undefined) keepFresh(options, 'tls', () => readTls(uplink) ?? tls);
    return createHttpsUplink(options);
  }
  const username = uplink.username ?? (password === undefined ? undefined : around.gateway);
  const options: MqttUplinkOptions = {
    ...around,
    url,
    protocolVersion: uplink.protocolVersion,
    keepaliveSeconds: uplink.keepaliveSeconds,
    ...(password === undefined ? {} : { password }),
    ...(username === undefined ? {} : { username }),
    ...(tls === undefined ? {} : { tls }),
  };
  if (given) keepFresh(options, 'password', readSecret);
  if (tls !== undefined) keepFresh(options, 'tls', () => readTls(uplink) ?? tls);
  return createMqttUplink(options);
}

function byAws(aws: AwsConfig, around: UplinkPorts): Uplink {
  const tls = readTls(aws) ?? {};
  const rule = aws.rule === undefined ? {} : { rule: aws.rule };
  const { https } = aws;
  const access = awsAccess(aws, around.gateway, around.clock, tls);
  const overMqtt = () =>
    createAwsMqttUplink({
      ...around,
      ...rule,
      endpoint: aws.endpoint,
      port: aws.port,
      tls,
      protocolVersion: aws.protocolVersion,
      keepaliveSeconds: aws.keepaliveSeconds,
    });
  if (https === undefined || access === undefined) return overMqtt();
  const overHttps = createAwsHttpsUplink({ ...around, ...rule, ...access });
  return https.use === 'only' ? overHttps : withFallback(overMqtt(), overHttps, https, around.clock);
}

/** What the AWS SDK needs to call the data plane for this gateway; undefined without an `https` section. */
export function awsAccess(
  aws: AwsConfig,
  gateway: string,
  clock: Clock,
  tls = readTls(aws) ?? {},
): { endpoint: string; region: string; credentials?: () => Promise<AwsCredentials> } | undefined {
  const { https } = aws;
  if (https === undefined) return undefined;
  const { credentialsEndpoint, roleAlias } = https;
  const credentials =
    credentialsEndpoint === undefined || roleAlias === undefined
      ? undefined
      : deviceCredentials({ endpoint: credentialsEndpoint, roleAlias, thing: gateway, tls, clock });
  return {
    endpoint: https.endpoint ?? `https://${aws.endpoint}`,
    region: awsRegion(aws) ?? '',
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function withFallback(
  first: Uplink,
  second: Uplink,
  when: { readonly afterSeconds: number; readonly afterFailures: number },
  clock: Clock,
): Uplink {
  const { afterSeconds, afterFailures } = when;
  return createFallbackUplink({ first, second, clock, afterMs: afterSeconds * 1000, afterFailures });
}

const readToken = (file: string) => readText(file, 'the uplink password').trim();
