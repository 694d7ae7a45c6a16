"""The routing daemon: decides which agent is offered which waiting member."""
