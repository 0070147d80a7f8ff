/** An answer that is an error in the words of AWS: the SDK turns `type` into its typed exception. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly type: string;
  readonly status: number;

  constructor(type: string, status: number, message: string) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

export const invalidRequest = (message: string) => new AwsError('InvalidRequestException', 400, message);
export const forbidden = (message: string) => new AwsError('ForbiddenException', 403, message);
export const notFound = (message: string) => new AwsError('ResourceNotFoundException', 404, message);
export const conflict = (message: string) => new AwsError('ConflictException', 409, message);
export const tooLarge = (message: string) => new AwsError('RequestEntityTooLargeException', 413, message);
export const throttled = (message: string) => new AwsError('ThrottlingException', 429, message);
