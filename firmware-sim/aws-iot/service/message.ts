/** A message on its way through the stand-in, whichever protocol brought it. */

export interface MessageProperties {
  readonly contentType?: string;
  readonly responseTopic?: string;
  /** Base64, as the SDK hands it over. */
  readonly correlationData?: string;
  /** JSON text: a list of objects with one name and value each. */
  readonly userProperties?: string;
  readonly payloadFormatIndicator?: string;
}

export interface IotMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Who published over MQTT; over HTTPS nobody has a client id. */
  readonly clientId?: string;
  readonly properties?: MessageProperties;
  /** Epoch ms of the stand-in's clock after which it is not delivered any more. */
  readonly expiresAt?: number;
}
