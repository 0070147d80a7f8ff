import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeTransportAddress, parseTransportAddress, TransportAddressError } from './address.ts';

describe('transport addresses', () => {
  test('a serial port with everything said', () => {
    const address = parseTransportAddress(
      'serial:/dev/ttyUSB0?baud=2400&data=7&parity=even&stop=2&lock=off&dtr=on&rts=off',
    );
    expect(address).toEqual({
      kind: 'serial',
      path: '/dev/ttyUSB0',
      baudRate: 2_400,
      dataBits: 7,
      parity: 'even',
      stopBits: 2,
      lock: false,
      dtr: true,
      rts: false,
    });
    expect(describeTransportAddress(address)).toBe('serial:/dev/ttyUSB0 2400 7E2');
  });

  test('a serial port with nothing said is 9600 8N1, locked', () => {
    const address = parseTransportAddress('serial:/dev/serial/by-id/usb-FTDI_FT232R-if00-port0');
    expect(address).toMatchObject({ baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1, lock: true });
  });

  test.each([
    ['tcp://10.0.0.5:5084', '10.0.0.5', 5_084],
    ['tcp://reader-1.dc.example:5084', 'reader-1.dc.example', 5_084],
    ['tcp://[fe80::1]:4001', 'fe80::1', 4_001],
  ])('%s', (text, host, port) => {
    const address = parseTransportAddress(text);
    expect(address).toEqual({ kind: 'tcp', host, port });
    expect(describeTransportAddress(address)).toBe(text);
  });

  test.each([
    ['10.0.0.5:5084', 'expected serial:<path>'],
    ['udp://10.0.0.5:5084', 'expected serial:<path>'],
    ['tcp://10.0.0.5', 'expected tcp://<host>:<port>'],
    ['tcp://10.0.0.5:99999', 'from 1 to 65535'],
    ['tcp://10.0.0.5:5084/path', 'expected tcp://<host>:<port>'],
    ['serial:', 'no port named'],
    ['serial:/dev/ttyUSB0?baud=fast', 'baud fast is not a whole number'],
    ['serial:/dev/ttyUSB0?bauds=9600', 'no option "bauds"; known: baud'],
    ['serial:/dev/ttyUSB0?parity=E', 'parity=E is not one of none, even, odd'],
    ['serial:/dev/ttyUSB0?parity=toString', 'is not one of'],
    ['serial:/dev/ttyUSB0?baud=9600&baud=2400', 'given twice'],
  ])('%s is refused: %s', (text, words) => {
    expect(() => parseTransportAddress(text)).toThrow(words);
  });

  test('any text is an address or a TransportAddressError', () => {
    const prefix = fc.constantFrom('', 'tcp:', 'tcp://', 'serial:', 'serial:/dev/x?');
    fc.assert(
      fc.property(prefix, fc.string(), (head, tail) => {
        try {
          parseTransportAddress(head + tail);
        } catch (error) {
          expect(error).toBeInstanceOf(TransportAddressError);
        }
      }),
    );
  });
});
