"""Agents and their messages, without async."""

from thoughtstream.coordination import member, messages
from thoughtstream.coordination.packets import Packet
from thoughtstream.sync.queue import Handle
from thoughtstream.sync.twins import Twin, blocking, giving, holding


class Message(Twin[messages.Message]):
    """A message that was taken out of an inbox, to be read within the time of a lease."""

    @property
    def sender(self) -> str:
        """Who sent it; of a packet, the seed."""
        return self._it.sender

    @property
    def text(self) -> str:
        """What it says; of a packet, the content."""
        return self._it.text

    @property
    def sent_ms(self) -> int:
        """When it was sent, in ms since 1970."""
        return self._it.sent_ms

    @property
    def packet(self) -> Packet | None:
        """What came, if it is a packet."""
        return self._it.packet

    read = blocking(messages.Message.read)
    keep = blocking(messages.Message.keep)
    give_back = blocking(messages.Message.give_back)


class Member(Twin[member.Member]):
    """One agent, for as long as it is joined. Its calls raise `AgentSuperseded` when another has
    become this agent.
    """

    @property
    def name(self) -> str:
        """Its name."""
        return self._it.name

    @property
    def fence(self) -> int:
        """Higher than that of whoever was this agent before."""
        return self._it.fence

    beat = blocking(member.Member.beat)
    working = holding(member.Member.working)
    send = giving(member.Member.send, Handle)
    inbox = giving(member.Member.inbox, Message.all)
    observe = blocking(member.Member.observe)
    believes = blocking(member.Member.believes)
    choose = blocking(member.Member.choose)
    reserve = holding(member.Member.reserve)
