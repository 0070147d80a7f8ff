/**
 * What went wrong with a carrier, in words for the person at the status page: network and TLS errors of Node, and
 * the reason codes of MQTT (3.1.1 section 3.2.2.3, 5.0 section 2.4). Says what to do where the cause is known.
 */

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there, or a firewall says no',
  ECONNRESET: 'the other side broke the connection',
  EPIPE: 'the other side broke the connection',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name cannot be looked up: is DNS reachable?',
  ETIMEDOUT: 'no answer: is the network up, and the port open?',
  EHOSTUNREACH: 'no route to the host: is the network up?',
  ENETUNREACH: 'no network',
};

const NOT_TRUSTED =
  'the server certificate is not signed by a CA this gateway trusts: set caFile to the right one';
const CLIENT_REFUSED = 'the server does not take this gateway’s certificate: check certFile and keyFile';
const TLS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  CERT_SIGNATURE_FAILURE: NOT_TRUSTED,
  CERT_HAS_EXPIRED: 'the server certificate has expired, or this gateway’s clock is wrong',
  CERT_NOT_YET_VALID: 'the server certificate is not valid yet: this gateway’s clock is likely wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the server certificate is for another host name',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the server wants a client certificate: set certFile and keyFile',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_REFUSED,
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: CLIENT_REFUSED,
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: CLIENT_REFUSED,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_REFUSED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: CLIENT_REFUSED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'this gateway’s certificate is revoked',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'this gateway’s certificate has expired, or its clock is wrong',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS on this port',
};

const MQTT: Readonly<Record<number, string>> = {
  1: 'the broker does not speak this MQTT version: try the other protocolVersion',
  2: 'the broker does not accept this client id',
  3: 'the broker is not available now',
  4: 'bad user name or password',
  5: 'not authorized: check the gateway’s token, and whether it was revoked',
  128: 'the broker gives no reason',
  129: 'malformed packet',
  130: 'protocol error',
  131: 'the broker does not allow this',
  132: 'the broker does not speak this MQTT version: try protocolVersion 4',
  133: 'the broker does not accept this client id',
  134: 'bad user name or password',
  135: 'not authorized: check the gateway’s token, and whether it was revoked',
  136: 'the broker is not available now',
  137: 'the broker is busy',
  138: 'this gateway is banned at the broker',
  139: 'the broker is shutting down',
  140: 'the broker wants another way to sign in',
  141: 'the broker heard nothing from this gateway for too long',
  142: 'another client signed in with this gateway’s id: is there a second gateway of this name?',
  143: 'the broker refuses the subscription',
  144: 'the broker refuses the topic',
  147: 'more was in flight than the broker takes',
  149: 'packet too large for the broker: raise its maximum packet size to 131072',
  150: 'message rate too high for the broker',
  151: 'quota exceeded at the broker',
  152: 'disconnected by an administrator',
  153: 'the broker refuses the payload',
  154: 'the broker keeps no retained messages',
  155: 'the broker does not take QoS 1',
  156: 'the broker says: use another server',
  157: 'the broker has moved',
  159: 'connection rate too high for the broker',
  160: 'the broker allows no longer connection',
};

/** Of MQTT 3.1.1 and 5: what a broker says that does not speak 5. */
export const VERSION_NOT_SUPPORTED: readonly number[] = [1, 132];

/** `reasonString` is what the server added in its own words. */
export function mqttReason(code: number, reasonString?: string): string {
  const words = MQTT[code] ?? `MQTT reason ${code}`;
  return reasonString === undefined || reasonString === ''
    ? words
    : `${words} (${reasonString.slice(0, 200)})`;
}

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses were tried, each with its own end; the first stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return describeError(error.errors[0]);
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'number' && MQTT[code] !== undefined) return mqttReason(code);
  const known = typeof code === 'string' ? (NETWORK[code] ?? TLS[code]) : undefined;
  if (known !== undefined) return known;
  // Node leaves some messages empty; then the code says more.
  return error.message === '' ? String(code ?? error.name) : error.message;
}
