import { checkoutNodeRed } from "../support/gateway";
import { describeInstallation } from "./installation";

// The Node-RED that the pack is developed against.
describeInstallation("5", checkoutNodeRed);
