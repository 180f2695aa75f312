"""Situations of an Asterisk as timelines, which `records.timeline` reads."""

from __future__ import annotations

#: An outside call reaches 102; 102 consults 103 on a second line and connects both. The second line's LINKEDID is
#: replaced by the older one when the bridges merge.
ATTENDED = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    5 102 ANSWER
    5.1 trunk ANSWER
    5.2 102 BRIDGE_ENTER bridge=b1
    5.2 trunk BRIDGE_ENTER bridge=b1
    20 102b CHAN_START exten=103
    20.1 102b APP_START appname=Dial appdata=PJSIP/103
    20.2 103 CHAN_START of=102b exten=s
    24 103 ANSWER
    24.1 102b ANSWER
    24.2 103 BRIDGE_ENTER bridge=b2
    24.2 102b BRIDGE_ENTER bridge=b2
    40 102 ATTENDEDTRANSFER x.channel2_uniqueid=102b
    40.0001 102b BRIDGE_EXIT bridge=b2
    40.0002 trunk BRIDGE_EXIT bridge=b1
    40.0003 trunk BRIDGE_ENTER bridge=b2
    40.0004 102 BRIDGE_EXIT bridge=b1
    40.01 102 HANGUP hangupcause=16
    40.01 102 CHAN_END
    40.02 102b HANGUP hangupcause=16
    40.02 102b CHAN_END
    40.03 102b LINKEDID_END
    90 103 BRIDGE_EXIT of=trunk bridge=b2
    90 103 HANGUP hangupcause=16
    90 103 CHAN_END
    90.1 trunk BRIDGE_EXIT bridge=b2
    90.1 trunk HANGUP hangupcause=16 dialstatus=ANSWER
    90.1 trunk CHAN_END
    90.2 trunk LINKEDID_END
"""

#: An outside call reaches 102, who transfers it blindly to 103.
BLIND = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    5 102 ANSWER
    5.1 trunk ANSWER
    5.2 102 BRIDGE_ENTER bridge=b1
    5.2 trunk BRIDGE_ENTER bridge=b1
    30 102 BLINDTRANSFER bridge=b1
    30.001 102 BRIDGE_EXIT bridge=b1
    30.002 trunk BRIDGE_EXIT bridge=b1
    30.01 102 HANGUP hangupcause=16
    30.01 102 CHAN_END
    30.1 trunk APP_START appname=Dial appdata=PJSIP/103 exten=103
    30.2 103 CHAN_START exten=s of=trunk
    36 103 ANSWER
    36.1 103 BRIDGE_ENTER bridge=b3
    36.1 trunk BRIDGE_ENTER bridge=b3
    60 103 BRIDGE_EXIT bridge=b3
    60 103 HANGUP hangupcause=16
    60 103 CHAN_END
    60.1 trunk BRIDGE_EXIT bridge=b3
    60.1 trunk HANGUP hangupcause=16 dialstatus=ANSWER
    60.1 trunk CHAN_END
    60.2 trunk LINKEDID_END
"""

#: An outside call rings at 102; 103 picks it up.
PICKED_UP = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    4 103 CHAN_START exten=*8102
    4.1 103 APP_START appname=Pickup
    4.2 103 ANSWER
    4.3 103 BRIDGE_ENTER bridge=b1
    4.3 103 LINKEDID_END
    4.4 trunk BRIDGE_ENTER bridge=b1
    4.5 102 HANGUP hangupcause=26
    4.5 102 CHAN_END
    50 trunk BRIDGE_EXIT bridge=b1
    50 trunk HANGUP hangupcause=16
    50 trunk CHAN_END
    50.1 103 BRIDGE_EXIT of=trunk bridge=b1
    50.1 103 HANGUP hangupcause=16
    50.1 103 CHAN_END
    50.2 trunk LINKEDID_END
"""

#: An outside call waits in a queue that rings 102 and 103 through Local channels; 103 answers.
QUEUED = """
    0 trunk CHAN_START exten=74951230000
    1 trunk ANSWER
    2 trunk APP_START appname=Queue appdata=sales,tT
    2.1 l1 CHAN_START of=trunk
    2.1 l2 CHAN_START of=trunk
    2.2 102 CHAN_START of=trunk exten=s
    2.3 103 CHAN_START of=trunk exten=s
    9 103 ANSWER
    9.1 l2 ANSWER
    9.2 l1 ANSWER
    9.2 103 BRIDGE_ENTER bridge=b1
    9.2 l2 BRIDGE_ENTER bridge=b1
    9.3 102 HANGUP hangupcause=26
    9.3 102 CHAN_END
    9.5 l1 BRIDGE_ENTER bridge=b2
    9.5 trunk BRIDGE_ENTER bridge=b2
    9.6 103 BRIDGE_EXIT bridge=b1
    9.6 103 BRIDGE_ENTER bridge=b2
    9.6 l1 BRIDGE_EXIT bridge=b2
    9.6 l1 CHAN_END
    9.6 l2 BRIDGE_EXIT bridge=b1
    9.6 l2 CHAN_END
    20 103 HOLD
    25 103 UNHOLD
    60 103 BRIDGE_EXIT bridge=b2
    60 103 HANGUP hangupcause=16
    60 103 CHAN_END
    60.2 trunk BRIDGE_EXIT bridge=b2
    60.2 trunk HANGUP hangupcause=16
    60.2 trunk CHAN_END
    60.3 trunk LINKEDID_END
"""

#: The same queue, left by the caller before an agent answers.
ABANDONED = """
    0 trunk CHAN_START exten=74951230000
    1 trunk ANSWER
    2 trunk APP_START appname=Queue appdata=sales,tT
    2.2 102 CHAN_START of=trunk exten=s
    17 102 HANGUP hangupcause=0
    17 102 CHAN_END
    30 trunk HANGUP hangupcause=16
    30 trunk CHAN_END
    30 trunk LINKEDID_END
"""

#: 101 calls the outside over a trunk; the dialplan shows the company's number.
OUTGOING = """
    0 101 CHAN_START exten=89161112233
    0.5 101 APP_START appname=Dial appdata=PJSIP/89161112233@operator-trunk cid_num=+74951230000
    0.6 out CHAN_START of=101 exten=s
    7 out ANSWER cid_num=89161112233
    7.1 101 ANSWER
    7.2 out BRIDGE_ENTER bridge=b1
    7.2 101 BRIDGE_ENTER bridge=b1
    42 out BRIDGE_EXIT bridge=b1
    42 101 BRIDGE_EXIT bridge=b1
    42 out CHAN_END
    42 101 HANGUP hangupcause=16 dialstatus=ANSWER
    42 101 CHAN_END
    42 101 LINKEDID_END
"""

#: 101 clicks on a number: the PBX calls 101, then 103.
ORDERED = """
    0 l1 CHAN_START exten=103
    0 l2 CHAN_START of=l1 exten=103
    0.1 l2 APP_START appname=Dial appdata=PJSIP/101
    0.2 101 CHAN_START of=l1 exten=s
    4 101 ANSWER
    4 l2 ANSWER
    4 l1 ANSWER
    4.1 101 BRIDGE_ENTER bridge=b1
    4.1 l2 BRIDGE_ENTER bridge=b1
    4.3 l1 APP_START appname=Dial appdata=PJSIP/103
    4.4 103 CHAN_START of=l1 exten=s
    8 103 ANSWER
    8.1 103 BRIDGE_ENTER bridge=b2
    8.1 l1 BRIDGE_ENTER bridge=b2
    30 103 BRIDGE_EXIT bridge=b2
    30 l1 BRIDGE_EXIT bridge=b2
    30 101 BRIDGE_EXIT bridge=b1
    30 l2 BRIDGE_EXIT bridge=b1
    30 103 CHAN_END
    30 l1 CHAN_END
    30 l2 CHAN_END
    30 101 CHAN_END
    30.1 l1 LINKEDID_END
"""

#: The call of an outside number is parked by 102 and taken by 104.
PARKED = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    5 102 ANSWER
    5.1 102 BRIDGE_ENTER bridge=b1
    5.1 trunk BRIDGE_ENTER bridge=b1
    15 trunk BRIDGE_EXIT bridge=b1
    15 102 BRIDGE_EXIT bridge=b1
    15 102 CHAN_END
    15.1 trunk PARK_START
    40 104 CHAN_START exten=701
    40.1 104 APP_START appname=ParkedCall appdata=701
    40.2 104 ANSWER
    40.3 104 BRIDGE_ENTER bridge=b3
    40.3 trunk BRIDGE_ENTER bridge=b3
    70 104 BRIDGE_EXIT of=trunk bridge=b3
    70 trunk BRIDGE_EXIT bridge=b3
    70 104 CHAN_END
    70 trunk CHAN_END
    70 trunk LINKEDID_END
"""

ROOM = """
    0 101 CHAN_START exten=800
    0.5 101 ANSWER
    0.6 101 APP_START appname=ConfBridge appdata=800
    1 101 BRIDGE_ENTER bridge=room appname=ConfBridge
    3 103 CHAN_START exten=800
    3.5 103 ANSWER
    3.6 103 APP_START appname=ConfBridge appdata=800
    4 103 BRIDGE_ENTER of=101 bridge=room appname=ConfBridge
    50 103 BRIDGE_EXIT bridge=room appname=ConfBridge
    50 103 CHAN_END
    60 101 BRIDGE_EXIT bridge=room appname=ConfBridge
    60 101 CHAN_END
    60 101 LINKEDID_END
"""

TIMELINES = {
    "attended": ATTENDED,
    "blind": BLIND,
    "picked up": PICKED_UP,
    "queued": QUEUED,
    "abandoned": ABANDONED,
    "outgoing": OUTGOING,
    "ordered": ORDERED,
    "parked": PARKED,
    "room": ROOM,
}
