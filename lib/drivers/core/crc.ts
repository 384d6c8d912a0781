/** Checksums of sensor parts. Catalogue: https://reveng.sourceforge.io/crc-catalogue/ */

/** CRC-8, most significant bit first. */
export function crc8(poly: number, init: number, bytes: Iterable<number>): number {
  let crc = init;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ poly) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

/** Sensirion: poly 0x31, init 0xFF (SHT3x datasheet 4.12; 0xBEEF gives 0x92). */
export const sensirionCrc = (bytes: Iterable<number>): number => crc8(0x31, 0xff, bytes);

/** SMBus packet error code: poly 0x07, init 0 (SMBus 3.1, 6.4). */
export const smbusPec = (bytes: Iterable<number>): number => crc8(0x07, 0, bytes);

/** 1-Wire: X^8+X^5+X^4+1, least significant bit first, init 0 (Maxim AN27). */
export function maximCrc8(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0x8c : crc >> 1;
  }
  return crc;
}

/** Least significant bit first with poly 0xA001: init 0 is 1-Wire's (Maxim AN27), init 0xFFFF Modbus's. */
function crc16(init: number, bytes: Iterable<number>): number {
  let crc = init;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

/** 1-Wire's CRC-16 as it is computed; on the wire it is inverted (Maxim AN27). */
export const maximCrc16 = (bytes: Iterable<number>): number => crc16(0, bytes);

/** MODBUS over Serial Line V1.02, 6.2.2; low byte first on the wire. */
export const modbusCrc = (bytes: Iterable<number>): number => crc16(0xffff, bytes);
