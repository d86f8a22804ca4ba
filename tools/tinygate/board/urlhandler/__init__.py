"""pyserial URL handlers that replace its own when this package stands first in `serial.protocol_handler_packages`."""
