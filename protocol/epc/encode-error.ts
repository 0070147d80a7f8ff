/** Thrown by the `encode…` functions of this folder when a value cannot stand on a tag. Decoding never throws. */
export class EpcEncodeError extends RangeError {
  override readonly name = 'EpcEncodeError';
}
