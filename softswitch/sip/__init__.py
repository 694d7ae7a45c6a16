"""SIP of the built-in switch: sippy's transactions and dialogs, registrar, digest, SDP. Main thread only, unless said."""
