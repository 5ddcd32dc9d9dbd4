"""The supervisor: binds the sockets, starts the control process and the data workers, and starts again what dies."""
