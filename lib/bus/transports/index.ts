export { openGpio } from "./gpio";
export { openI2c } from "./i2c";
export { openOneWire } from "./one-wire";
export { openSerial } from "./serial";
export { openSpi } from "./spi";
